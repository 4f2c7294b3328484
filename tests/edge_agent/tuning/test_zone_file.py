"""Changing one zone of a gateway.yaml by points: what was asked, and nothing else."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.tuning.zone_file import (
    ZoneEditRefused,
    ZonePoints,
    parse_points,
    remove_zone,
    set_zone,
)

TRIANGLE = ((0.1, 0.2), (0.9, 0.2), (0.5, 0.95))
FILE = """\
# the gateway of the market
site_id: sang-moc
cameras:
  # the gate
  - id: cong-cho
    name: Cổng chợ   # painted green
    zones:
      # where rubbish lands
      - name: lề đường
        purpose: no_dumping
        hours: ["22:00-05:00"]
        polygon: [[0.05, 0.55], [0.95, 0.55], [0.95, 0.98]]
      - name: cả sân
        polygon:
          - [0, 0]
          - [1, 0]
          - [1, 1]
        purpose: motion

    unattended_s: 30
  - id: bare
    name: Không có vùng
  - id: empty
    zones: []
    name: Rỗng
outbox:
  max_mb: 256   # enough
"""


def zones_of(text: str, camera_id: str) -> list:
    cameras = {camera["id"]: camera for camera in yaml.safe_load(text)["cameras"]}
    return cameras[camera_id].get("zones", [])


def without_zones(text: str, camera_id: str) -> dict:
    loaded = yaml.safe_load(text)
    for camera in loaded["cameras"]:
        if camera["id"] == camera_id:
            camera.pop("zones", None)
    return loaded


def comments(text: str) -> list[str]:
    return [line.split("#", 1)[1] for line in text.splitlines() if "#" in line]


def zone(name: str, purpose: str = "loitering") -> ZonePoints:
    return ZonePoints(name=name, purpose=purpose, polygon=TRIANGLE)


@pytest.mark.parametrize("camera_id", ["cong-cho", "bare", "empty"])
@pytest.mark.parametrize("name", ["lề đường", "cả sân", "vùng mới: #1", "yes"])
def test_a_zone_is_set_and_nothing_else_changes(camera_id: str, name: str) -> None:
    """New or known, among others or alone, with comments kept."""
    edited = set_zone(FILE, camera_id, zone(name))
    found = {one["name"]: one for one in zones_of(edited, camera_id)}
    assert found[name]["purpose"] == "loitering"
    assert found[name]["polygon"] == [list(point) for point in TRIANGLE]
    assert without_zones(edited, camera_id) == without_zones(FILE, camera_id)
    others = [one for one in zones_of(FILE, camera_id) if one["name"] != name]
    assert [one for one in zones_of(edited, camera_id) if one["name"] != name] == others
    assert set(comments(FILE)) <= set(comments(edited))


def test_a_zone_keeps_its_other_settings() -> None:
    """Hours stay when corners move."""
    edited = set_zone(FILE, "cong-cho", zone("lề đường", "no_dumping"))
    assert zones_of(edited, "cong-cho")[0]["hours"] == ["22:00-05:00"]


def test_zones_are_removed_one_by_one() -> None:
    """The last one leaves an empty list."""
    once = remove_zone(FILE, "cong-cho", "lề đường")
    assert [one["name"] for one in zones_of(once, "cong-cho")] == ["cả sân"]
    twice = remove_zone(once, "cong-cho", "cả sân")
    assert zones_of(twice, "cong-cho") == []
    assert without_zones(twice, "cong-cho") == without_zones(FILE, "cong-cho")


def test_what_was_removed_can_be_set_again() -> None:
    """An emptied list takes a zone."""
    emptied = remove_zone(remove_zone(FILE, "cong-cho", "lề đường"), "cong-cho", "cả sân")
    again = set_zone(emptied, "cong-cho", zone("lề đường"))
    assert [one["name"] for one in zones_of(again, "cong-cho")] == ["lề đường"]


names = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=20)
points = st.lists(
    st.tuples(*[st.integers(0, 1000).map(lambda n: n / 1000)] * 2), min_size=3, max_size=8
)


@given(
    st.lists(st.tuples(names, points), max_size=6), st.sampled_from(["cong-cho", "bare", "empty"])
)
def test_any_sequence_of_changes_is_what_the_file_then_says(changes, camera_id: str) -> None:
    """Whatever names a technician chooses."""
    text, expected = FILE, {one["name"]: one["polygon"] for one in zones_of(FILE, camera_id)}
    for name, polygon in changes:
        text = set_zone(
            text, camera_id, ZonePoints(name=name, purpose="motion", polygon=tuple(polygon))
        )
        expected[name] = [list(point) for point in polygon]
    assert {one["name"]: one["polygon"] for one in zones_of(text, camera_id)} == expected
    assert without_zones(text, camera_id) == without_zones(FILE, camera_id)


@pytest.mark.parametrize(
    ("given_points", "says"),
    [
        ("0.1,0.2 0.3,0.4", "three points"),
        ("0.1,0.2 0.3;0.4 1,1", "is no point"),
        ("0.1,0.2 1.3,0.4 1,1", "outside the picture"),
        ("nan,0.2 0.3,0.4 1,1", "outside the picture"),
        ("0.1,0.1 0.9,0.1 0.1,0.9 0.9,0.9", "crosses itself"),
    ],
)
def test_points_that_make_no_zone_are_refused(given_points: str, says: str) -> None:
    """With the next step."""
    with pytest.raises(ZoneEditRefused, match=says):
        parse_points(given_points)


def test_an_unknown_camera_or_zone_is_refused_with_those_there_are() -> None:
    """A misspelt name is seen at once."""
    with pytest.raises(ZoneEditRefused, match="bare, cong-cho, empty"):
        set_zone(FILE, "cong-chợ", zone("x"))
    with pytest.raises(ZoneEditRefused, match="cả sân, lề đường"):
        remove_zone(FILE, "cong-cho", "le duong")
