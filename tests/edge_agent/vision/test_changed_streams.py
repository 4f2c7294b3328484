"""What was known of a stream's things when its picture becomes another in mid-stream."""

from pathlib import Path

from edge_agent.vision.child import quiet_libraries
from edge_agent.vision.findings import LitteringEnded
from tests.edge_agent.vision.stage import Picture, bag, carrier, deposit, figure
from tests.edge_agent.vision.test_bad_streams import bags, encode, found


def test_another_thing_in_another_resolution_is_another_alarm(tmp_path: Path) -> None:
    """What was reported goes on or ends by itself; what comes has a number of its own."""
    quiet_libraries()

    def other(picture: Picture, t_s: float) -> None:
        bag(picture)
        bag(picture, left=60 if t_s >= 8 else 162)
        left = carrier(t_s, there_s=8, away_s=10, place=40)
        if left is not None:
            figure(picture, left, t_s)

    first = encode(tmp_path / "large.ts", deposit(), until_s=22, size=(640, 360))
    second = encode(tmp_path / "small.ts", other, until_s=24, size=(480, 360))
    both = tmp_path / "both.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    said = found(both)
    confirmed = {bag.object_id: bag.box[0] for bag in bags(said)}
    assert sorted(round(left, 1) for left in confirmed.values()) == [0.2, 0.5]
    assert not [finding for finding in said if isinstance(finding, LitteringEnded)]
