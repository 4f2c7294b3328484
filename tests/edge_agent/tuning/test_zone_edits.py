"""`edge-agent zones` on files as people write them: the change that was asked, or none."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.timeout(60)

HEAD = """\
site_id: sang-moc
gateway_id: nha-van-hoa
data_dir: data
centre: {url: "http://127.0.0.1:9", token_file: token, public_key: KEY}
broker: {host: 127.0.0.1, password_file: token}
cameras:
  - id: gate
    name: Cổng
    area: na-lay
    driver: rtsp
    analysis_uri: rtsp://127.0.0.1:9/sub
"""
TAIL = """\

  # --- the yard: a camera of the school, not yet paid
  # - id: old-yard
  #   name: Sân cũ
  - id: yard
    name: Sân
    area: na-lay
    driver: rtsp
    analysis_uri: rtsp://127.0.0.1:9/yard
    zones:
      - {name: all, purpose: motion, polygon: [[0, 0], [1, 0], [1, 1]]}
# written by Hoa
"""
IN_BRACKETS = """\
    zones: [{name: a, purpose: no_dumping, hours: ["22:00-05:00"], polygon: [[0, 0], [1, 0], [1, 1]]}, {name: b, purpose: motion, polygon: [[0, 0], [1, 0], [1, 1]]}]
"""
SHARED = """\
    zones:
      - name: a
        purpose: no_dumping
        polygon: &p [[0, 0], [1, 0], [1, 1]]  # the ground
      - name: b
        purpose: motion
        polygon: *p
"""
MERGED = """\
    zones:
      - &a
        name: a
        polygon: [[0, 0], [1, 0], [1, 1]]
        purpose: no_dumping
      - <<: *a
        name: b
"""
ALONE = """\
    zones:   # drawn in May: see the map
      # where rubbish - and only that - lands
      - name: a
        purpose: no_dumping
        polygon:
          - [0, 0]
          - [1, 0]
          - [1, 1]
      # - name: the bin of the neighbour
      #   purpose: motion
"""
SCATTERED = """\
    zones:
      - name: a
        polygon:
          - [0, 0]
          - [1, 0]
          - [1, 1]  # at the tree
        # until the fence is built
        purpose: motion
"""
COMMENTED = """\
    zones:
      -
        # the left - side
        name: a
        purpose: no_dumping
        polygon: [[0, 0], [1, 0], [1, 1]]
      -
        # the right - side
        name: b
        purpose: motion
        polygon: [[0, 0], [1, 0], [1, 1]]
"""


@pytest.fixture
def write(tmp_path: Path):
    (tmp_path / "token").write_text("secret")
    key = base64.b64encode(bytes(range(32))).decode()

    def to_file(zones: str) -> Path:
        path = tmp_path / "gateway.yaml"
        path.write_text(HEAD.replace("KEY", key) + zones + TAIL)
        return path

    return to_file


def edit(act: str, path: Path, name: str, *more: str) -> subprocess.CompletedProcess[str]:
    argv = ["zones", act, "--config", str(path), "--camera", "gate", "--zone", name, *more]
    return subprocess.run(
        [sys.executable, "-m", "edge_agent", *argv], capture_output=True, text=True, check=False
    )


def zones_of(text: str) -> dict[str, dict]:
    return {zone["name"]: zone for zone in yaml.safe_load(text)["cameras"][0]["zones"]}


def comments(text: str) -> list[str]:
    return [line.split("#", 1)[1] for line in text.splitlines() if "#" in line]


def assert_refused(done: subprocess.CompletedProcess[str], path: Path, before: str) -> None:
    assert done.returncode == 2, done.stdout
    assert len(done.stderr.splitlines()) == 1
    assert path.read_text() == before
    assert not path.with_name("gateway.yaml.bak").exists()


@pytest.mark.parametrize("zones", [SHARED, MERGED, COMMENTED])
def test_of_two_zones_the_one_that_was_named_goes(zones: str, write) -> None:
    """The other keeps its corners, though they are shared; what is written around both stays."""
    path = write(zones)
    before = path.read_text()
    done = edit("remove", path, "b")
    assert done.returncode == 0, done.stderr
    assert "has 1 zone now" in done.stdout
    kept = zones_of(before)
    del kept["b"]
    assert zones_of(path.read_text()) == kept
    around = [said for said in comments(before) if "right" not in said]
    assert comments(path.read_text()) == around
    assert path.with_name("gateway.yaml.bak").read_text() == before


def test_a_zone_among_others_in_brackets_is_not_removed(write) -> None:
    """A person writes them in lines first."""
    path = write(IN_BRACKETS)
    before = path.read_text()
    done = edit("remove", path, "b")
    assert_refused(done, path, before)
    assert "write them in lines" in done.stderr


@pytest.mark.parametrize("zones", [SHARED, MERGED])
def test_a_zone_that_others_are_written_with_is_not_removed(zones: str, write) -> None:
    """They would be gone with it."""
    path = write(zones)
    before = path.read_text()
    done = edit("remove", path, "a")
    assert_refused(done, path, before)
    assert "by hand" in done.stderr


@pytest.mark.parametrize(("zones", "name"), [(SHARED, "a"), (SHARED, "b"), (MERGED, "b")])
def test_corners_that_are_shared_are_not_changed(zones: str, name: str, write) -> None:
    """Neither another zone's with them, nor none while the change is said to be done."""
    path = write(zones)
    before = path.read_text()
    done = edit("set", path, name, "--purpose", "motion", "--points", "0.1,0.1 0.9,0.1 0.9,0.9")
    assert_refused(done, path, before)
    assert "by hand" in done.stderr


def test_the_only_zone_goes_without_what_is_written_around_it(write) -> None:
    """Neither the next camera's heading nor the lines that somebody has put aside."""
    path = write(ALONE)
    before = path.read_text()
    done = edit("remove", path, "a")
    assert done.returncode == 0, done.stderr
    assert zones_of(path.read_text()) == {}
    assert comments(path.read_text()) == comments(before)
    again = edit("set", path, "a", "--purpose", "motion", "--points", "0.1,0.1 0.9,0.1 0.9,0.9")
    assert again.returncode == 0, again.stderr
    assert set(zones_of(path.read_text())) == {"a"}
    assert comments(path.read_text()) == comments(before)


@pytest.mark.parametrize(("zones", "name"), [(SCATTERED, "a"), (SCATTERED, "c"), (ALONE, "c")])
def test_a_zone_is_set_where_the_zones_stand(zones: str, name: str, write) -> None:
    """Above the comments that follow, all of which stay, with every digit that was given."""
    path = write(zones)
    before = path.read_text()
    points = "0.1234567,0.1 0.9,0.1 0.9,0.9"
    done = edit("set", path, name, "--purpose", "motion", "--points", points)
    assert done.returncode == 0, done.stderr
    text = path.read_text()
    assert zones_of(text)[name]["polygon"] == [[0.1234567, 0.1], [0.9, 0.1], [0.9, 0.9]]
    assert comments(text) == comments(before)
    assert text.index("0.1234567") < text.index("# --- the yard")
