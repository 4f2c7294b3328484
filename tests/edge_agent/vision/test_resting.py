"""While nothing moves, less is done for each packet and picture, and nothing is missed by that."""

import time
from pathlib import Path

import numpy as np
import pytest

from edge_agent.vision.analysis import Analysis
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import AnyFinding, LitteringConfirmed, MotionStarted
from edge_agent.vision.lookback import Stock
from edge_agent.vision.picture.plane import Pixels
from edge_agent.vision.scene import Scene
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.source import open_source
from edge_agent.vision.stream.timeline import Timeline
from tests.edge_agent.vision.stage import deposit, make_scene, pictures, wall
from tests.edge_agent.vision.vision_process import watch, write_clip

THERE_S = 34.0


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute nothing happens; then somebody leaves a bag."""
    paint = deposit(there_s=THERE_S, away_s=THERE_S + 2)
    return write_clip(tmp_path_factory.mktemp("clip") / "bag.mp4", paint, until_s=48)


def analyse(clip: Path, *, at_once: int) -> tuple[list[AnyFinding], list[Packet]]:
    """Return what is found and what the ring then holds, packets being fed so many at once."""
    said: list[AnyFinding] = []
    with open_source(str(clip), 0.0) as source:
        stream = source.packets(time.monotonic)
        packets = [next(stream) for _ in range(475)]
        ring = PacketRing(max_s=60, max_bytes=8_000_000)
        stock = Stock(form=source.form, ring=ring)
        analysis = Analysis(watch("gate", clip), stock, room=EvidenceRoom(spool=None))
        for begin in range(0, len(packets), at_once):
            some = packets[begin : begin + at_once]
            said += analysis.feed(some[0]) if at_once == 1 else analysis.feed_all(some)
        said += analysis.finish()
    return said, list(ring.cut(-1e9, 1e9))


def test_packets_taken_together_tell_the_same_as_one_by_one(clip: Path) -> None:
    """Whatever comes between two visits of a camera."""
    (one, kept), (many, kept_too) = analyse(clip, at_once=1), analyse(clip, at_once=17)

    def told(said: list[AnyFinding]) -> list[tuple[str, float]]:
        return [(type(finding).__name__, finding.at_s) for finding in said]

    assert told(one) == told(many)
    assert kept == kept_too
    assert "LitteringConfirmed" in [name for name, _ in told(one)]


def test_a_bag_left_after_a_long_rest_is_found_with_the_time_it_was_left(clip: Path) -> None:
    said, _ = analyse(clip, at_once=20)
    (bag,) = (finding for finding in said if isinstance(finding, LitteringConfirmed))
    assert bag.deposited_at_s == pytest.approx(THERE_S, abs=0.7)
    began = [finding.at_s for finding in said if isinstance(finding, MotionStarted)]
    assert began
    assert min(began) == pytest.approx(THERE_S - 3.5, abs=1.5)


def rested_scene() -> tuple[Scene, Pixels]:
    """Return a scene that has known its wall for a while, and a picture of the wall."""
    scene, seen = make_scene(), list(pictures(lambda *_: None, until_s=20.0, fps=1))
    for t_s, picture in seen:
        scene.step(picture, t_s)
    return scene, seen[-1][1]


def test_a_slender_thing_stirs_a_resting_scene() -> None:
    """A pole one pixel wide is no noise, however little of the picture it is."""
    scene, picture = rested_scene()
    assert not scene.stirs(picture)
    assert scene.empty
    picture = picture.copy()
    picture[60:110, 150] = 20
    assert scene.stirs(picture)


def test_light_that_creeps_over_a_part_keeps_it_learning() -> None:
    """Half of what would stir is not left for the next time: then it would be a jump."""
    scene, _ = rested_scene()
    rng = np.random.default_rng(5)
    shade = np.zeros(wall().shape)
    shade[40:90, 100:180] = 1.0
    threshold = float(np.median(scene._background.threshold))
    levels = wall() + 0.75 * threshold * shade + rng.normal(0, 1, shade.shape)
    picture = np.clip(levels, 0, 255).astype(np.uint8)
    assert not scene.stirs(picture)
    assert not scene.empty


def test_usual_steps_of_time_are_followed_and_jumps_made_up_for() -> None:
    """B-frames go back a little; a clock that is set goes far; both at any pace of arrival."""
    timeline = Timeline(live=True, time_base_s=1 / 90_000, spacing_s=0.04)
    followed = [timeline.follow(pts, 100.0) for pts in (0, 10_800, 3_600, 7_200, 14_400)]
    assert followed == [0, 10_800, 3_600, 7_200, 14_400]
    assert timeline.follow(14_400 + 90_000 * 3_600, 110.0) == 14_400 + 90_000 * 10
    assert timeline.jumped_s == pytest.approx(3_590.0)
    # Nothing came for long, and neither did the camera's clock stand still.
    assert timeline.follow(14_400 + 90_000 * 3_620, 130.0) == 14_400 + 90_000 * 30
