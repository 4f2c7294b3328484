"""`edge-agent replay`: what it writes, what it costs is said, and what it says to bad input."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent import replay
from edge_agent.vision.analysis import Analysis
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import AnyFinding
from edge_agent.vision.lookback import ANALYSIS_FPS, Stock
from edge_agent.vision.orders import Zone
from edge_agent.vision.stream.lost import SourceLost
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.source import open_source
from tests.edge_agent.vision.stage import deposit
from tests.edge_agent.vision.vision_process import watch, write_clip

pytestmark = pytest.mark.timeout(60)


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge_agent", "replay", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Somebody leaves a bag at 8 s."""
    return write_clip(tmp_path_factory.mktemp("clip") / "bag.mp4", deposit(), until_s=25)


def test_events_go_to_the_file_and_the_summary_to_the_screen(clip: Path, tmp_path: Path) -> None:
    """One JSON line each, boxes in pixels of the clip, times from its first picture."""
    done = run(clip, "--unattended-s", "5", "--output", tmp_path / "events.jsonl")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    (littering,) = [event for event in events if event["type"] == "littering"]
    assert 15 <= littering["t_confirmed_s"] <= 18
    assert 9.5 <= littering["t_left_s"] <= 12.5
    left, top, width, height = littering["bbox"]
    assert left < 169 < left + width
    assert top < 114 < top + height
    (motion,) = [event for event in events if event["type"] == "motion"]
    assert (motion["t_start_s"], motion["t_end_s"]) == pytest.approx((4.0, 14.5), abs=1.6)
    (summary,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert summary["type"] == "summary"
    assert summary["stream_s"] == pytest.approx(25.0)
    assert summary["cpu_s"] > 0
    assert summary["peak_rss_mb"] > 10


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.mp4", b"", "is empty (0 bytes)"),
        ("noise.mp4", bytes(range(256)) * 40, "cannot be replayed"),
        ("short.mp4", random.Random(2).randbytes(300), "it cannot be opened: End of file."),
        ("missing.mp4", None, "does not exist"),
    ],
)
def test_a_recording_that_cannot_be_read_is_one_clear_sentence(
    name: str, content: bytes | None, says: str, tmp_path: Path
) -> None:
    """Exit code 2, the file named, no traceback."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = run(tmp_path / name)
    assert done.returncode == 2
    assert says in done.stderr
    assert name in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_zone_elsewhere_finds_nothing(clip: Path, tmp_path: Path) -> None:
    """Zones of a configuration replace the whole picture."""
    away = Zone(name="away", purpose="no_dumping", polygon=((0, 0), (0.3, 0), (0.3, 1), (0, 1)))
    watched = replay.watch_of(clip, None, unattended_s=5).model_copy(update={"zones": (away,)})
    found: list[AnyFinding] = []
    replay.play(clip, watched, found.extend)
    assert "motion_ended" in {finding.say for finding in found}
    assert "littering_confirmed" not in {finding.say for finding in found}


def test_a_quiet_scene_is_watched_by_its_keyframes(tmp_path: Path) -> None:
    """And what led to a change is looked back at: the bag is still dated to when it came."""
    paint = deposit(there_s=41, away_s=43)
    clip = write_clip(tmp_path / "quiet.mp4", paint, until_s=60)
    with open_source(str(clip), 0.0) as source:
        stock = Stock(form=source.form, ring=PacketRing(max_s=60, max_bytes=8_000_000))
        analysis = Analysis(watch("gate", clip), stock, room=EvidenceRoom())
        said, decoded_at_30_s = [], 0
        try:
            for packet in source.packets(lambda: 0.0):
                said += analysis.feed(packet)
                decoded_at_30_s = analysis.decoded if packet.t_s <= 30 else decoded_at_30_s
        except SourceLost:
            pass
    assert decoded_at_30_s < 30 * ANALYSIS_FPS
    (found,) = [finding for finding in said if finding.say == "littering_confirmed"]
    assert found.deposited_at_s == pytest.approx(41, abs=0.7)
    (began,) = [finding for finding in said if finding.say == "motion_started"]
    assert began.at_s == pytest.approx(37, abs=1.2)
