"""What was known of a stream's things when its picture becomes another in mid-stream."""

from pathlib import Path

from edge_agent.vision.child import quiet_libraries
from edge_agent.vision.findings import LitteringEnded
from tests.edge_agent.vision.stage import deposit
from tests.edge_agent.vision.test_bad_streams import bags, encode, found


def test_an_alarm_from_before_a_change_of_resolution_is_not_taken_for_one_after(
    tmp_path: Path,
) -> None:
    """The scene that comes counts its things anew; what was reported does not end with them."""
    quiet_libraries()
    first = encode(tmp_path / "large.ts", deposit(), until_s=22, size=(640, 360))
    for name, later in (("bag", deposit()), ("pause", deposit(until_s=13))):
        second = encode(tmp_path / f"{name}.ts", later, until_s=22, size=(480, 360))
        both = tmp_path / f"both-{name}.ts"
        both.write_bytes(first.read_bytes() + second.read_bytes())
        said = found(both)
        confirmed = [bag.object_id for bag in bags(said)]
        assert len(confirmed) == len(set(confirmed)) == (2 if name == "bag" else 1)
        assert not [finding for finding in said if isinstance(finding, LitteringEnded)]
