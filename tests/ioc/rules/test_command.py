"""`ioc rules`: a technician's way to know beforehand what rules will do."""

from pathlib import Path

import pytest
import yaml

from contracts.envelope import encode_event
from contracts.events import DownReason
from ioc.cli import CONFIGURATION, OK, main
from tests.fakes.clock import FakeClock
from tests.ioc.rules.test_language import BAD, ROOT
from tests.ioc.sender import Sender, down

HISTORY = Path(__file__).with_name("history.jsonl")
LIBRARY = ROOT / "config" / "rules.yaml"


def test_check_names_file_line_and_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    """One look at several files; the exit code says whether somebody must mend something."""
    faulty = BAD / "unknown_field.yaml"
    assert main(["rules", "check", str(LIBRARY), str(faulty)]) == CONFIGURATION
    said = capsys.readouterr().out
    assert f"{LIBRARY}: 15 rules" in said
    assert f"{faulty}:8: " in said
    assert "Did you mean 'present_s'?" in said
    assert main(["rules", "check", str(LIBRARY)]) == OK


def test_check_knows_the_areas_of_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --config also areas are checked, before the centre was ever started."""
    settings = tmp_path / "centre.yaml"
    settings.write_text(
        yaml.safe_dump(
            {
                "data_dir": "data",
                "commune": {"name": "Xã Thử"},
                "areas": [
                    {"id": "xa", "name": "Xã"},
                    {"id": "na-lay", "name": "N", "parent": "xa"},
                ],
            }
        )
    )
    faulty = BAD / "unknown_area.yaml"
    assert main(["rules", "check", str(faulty), "--config", str(settings)]) == CONFIGURATION
    assert "There is no area 'ban-chuong'" in capsys.readouterr().out
    assert main(["rules", "check", str(faulty)]) == OK


def test_a_history_shows_what_would_have_fired_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    """Time, rule and reason of each alarm; what is late is shown as recorded only."""
    assert main(["rules", "test", str(LIBRARY), str(HISTORY)]) == OK
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    shown = {line[3]: line for line in lines[:-1]}
    assert set(shown) == {"nguoi-vao-ban-dem", "ton-dong-su-kien", "sai-mat-khau-thiet-bi"}
    night = shown["nguoi-vao-ban-dem"]
    assert night[:2] == ["2026-11-02 22:00:00", "2026-11-02 22:03:00"]
    assert night[6] == "Intrusion (present_s = 45)."
    backlog = shown["ton-dong-su-kien"]
    assert backlog[0] == "2026-11-02 22:15:00"
    assert backlog[6] == "outbox_depth = 3000, above 2000."
    assert "late" in shown["sai-mat-khau-thiet-bi"][-1]
    assert lines[-1] == ["5 events and 4 values: 3 alarms (2 would have called somebody)"]


def test_a_history_may_hold_events_as_gateways_send_them(
    tmp_path: Path, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the centre has stored can be replayed as it is."""
    event = Sender(clock).event(down(DownReason.AUTH_FAILED))
    history = tmp_path / "history.jsonl"
    history.write_bytes(encode_event(event) + b"\n")
    assert main(["rules", "test", str(LIBRARY), str(history)]) == OK
    assert "sai-mat-khau-thiet-bi\ttu-1/cam-1\t1x" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"at": "2026-11-02T22:00:00+07:00"}', "event"),
        ('{"at": "2026-11-02T22:00:00", "event": "device.up", "gateway": "a"}', "timezone"),
        ('{"at": "2026-11-02T22:00:00Z", "event": "device.upp", "gateway": "a"}', "device.up"),
        ('{"at": "2026-11-02T22:00:00Z", "metric": "x", "gateway": "a", "value": 1}', "metric"),
        ("[1]", "no JSON object"),
        ("{", "line 2"),
        ('{"specversion": "1.0", "type": "device.up.v1"}', "DeviceUp"),
    ],
)
def test_a_faulty_history_names_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    """Nothing of it is guessed: the line is named, and the run ends."""
    history = tmp_path / "history.jsonl"
    history.write_text(f"\n{line}\n", "utf-8")
    assert main(["rules", "test", str(LIBRARY), str(history)]) == CONFIGURATION
    out = capsys.readouterr().out
    assert "line 2" in out
    assert said in out
