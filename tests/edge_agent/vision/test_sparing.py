"""Before a scene at rest to which nobody comes for a moment only, one keyframe in five is left out."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.vision.analysis import Analysis
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import AnyFinding, MotionEnded, MotionStarted
from edge_agent.vision.lookback import MAX_WATCHED_GOP_S, LookBack, Stock
from edge_agent.vision.orders import Arm, Watch, Zone
from edge_agent.vision.stream.codec import StreamFormat
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.sparing import BRIEF_S, LOOKED_AT, REMEMBERED_S, REST_S, Sparing
from tests.edge_agent.vision.footage_maker import encode, over_rtsp, read_packets
from tests.edge_agent.vision.stage import HEIGHT, WIDTH, Paint, Picture
from tests.edge_agent.vision.vision_process import YARD, watch, write_clip

GOP_S, END_S = 2.0, 150.0
SETTLED_S = REST_S + 2 * GOP_S

Moves = Callable[[float], bool]


def between(*visits_s: tuple[float, float]) -> Moves:
    return lambda t_s: any(begin_s <= t_s < end_s for begin_s, end_s in visits_s)


nobody = between()


class Watched:
    """What is looked at of a stream; unless `more` bytes are given, sizes are as noisy as figures."""

    def __init__(
        self,
        moving: Moves,
        *,
        may_spare: bool = True,
        more: Callable[[Packet], int] | None = None,
        sent: Callable[[Packet], Packet | None] = lambda packet: packet,
        stirs_as_well: Moves = nobody,
        awaits: Moves = nobody,
    ) -> None:
        self.glanced_s: list[float] = []
        self.shown_s: list[float] = []
        self._moved_s: list[float] = []
        rng = Random(11)
        more = more or (lambda _: rng.randrange(400))
        form, packets = over_rtsp(*encode(pictures=1500, gop=20, bframes=0), in_band=True)
        stock = Stock(form=form, ring=PacketRing(max_s=60, max_bytes=8_000_000))

        def stirs(frame) -> bool:
            self.glanced_s.append(float(frame.pts * form.time_base))
            return moving(self.glanced_s[-1]) or stirs_as_well(self.glanced_s[-1])

        self.look_back = LookBack(
            stock,
            stirs=stirs,
            may_overlook=lambda: not awaits(self._now_s),
            may_spare=lambda: may_spare,
        )
        for packet in packets:
            filled = packet._replace(payload=packet.payload + bytes(more(packet)))
            if coming := sent(filled):
                self._feed(coming, moving)

    def _feed(self, packet: Packet, moving: Moves) -> None:
        self._now_s = packet.t_s
        for shown in self.look_back.feed(packet):
            self.shown_s.append(shown.t_s)
            if moving(shown.t_s):
                self.look_back.stir(shown.t_s, passing=False)
                self._moved_s.append(shown.t_s)
            elif self._moved_s and shown.t_s - self._moved_s[-1] > 0.9:
                self.look_back.sparing.note_visit(self._moved_s[0], self._moved_s[-1])
                self._moved_s = []
            self.look_back.learn(shown.t_s, moving=moving(shown.t_s))

    def pauses_s(self, from_s: float, to_s: float = END_S) -> list[float]:
        return [b - a for a, b in pairwise(t for t in self.glanced_s if from_s <= t < to_s)]


def test_after_a_minute_of_rest_one_keyframe_in_five_is_left_out() -> None:
    watched = Watched(nobody)
    assert max(watched.pauses_s(4.0, REST_S)) == pytest.approx(GOP_S)
    pauses = watched.pauses_s(SETTLED_S)
    assert max(pauses) == pytest.approx(2 * GOP_S)
    longer = [at for at, pause_s in enumerate(pauses) if pause_s > 1.5 * GOP_S]
    assert len(longer) >= 6
    assert all(b - a == LOOKED_AT for a, b in pairwise(longer))


def test_where_people_are_looked_for_none_is_left_out() -> None:
    watched = Watched(nobody, may_spare=False)
    assert max(watched.pauses_s(4.0)) == pytest.approx(GOP_S)


def first_pause_s(watched: Watched, from_s: float = SETTLED_S) -> float:
    """Return which keyframe comes before the first that is left out."""
    return next(a for a, b in pairwise(watched.glanced_s) if a > from_s and b - a > 1.5 * GOP_S)


def test_who_came_within_a_pause_is_looked_back_at() -> None:
    """From the keyframe before the one that was left out."""
    begin_s = first_pause_s(Watched(nobody))
    watched = Watched(between((begin_s + 0.45, begin_s + 9.0)))
    during = [t_s for t_s in watched.shown_s if begin_s <= t_s <= begin_s + 9.0]
    assert max(b - a for a, b in pairwise(during)) < 0.35


def test_packet_sizes_are_not_blamed_for_what_they_did_not_vouch_for() -> None:
    visits = ((8.1, 16.0), (24.1, 32.0), (40.1, 48.0))
    rested = Watched(between(*visits))
    assert rested.look_back.gate.separation is not None
    begin_s = first_pause_s(rested)
    watched = Watched(between(*visits, (begin_s + 0.45, begin_s + 9.0)))
    assert watched.look_back.gate.separation is not None


def test_where_keyframes_grow_rare_none_is_left_out() -> None:
    """As by codecs that save at rest: whoever stays for a while is still met."""

    def sent(packet: Packet) -> Packet:
        rare = packet.t_s > 70.0 and round(packet.t_s / GOP_S) % 2 > 0
        return packet._replace(keyframe=packet.keyframe and not rare)

    watched = Watched(nobody, sent=sent)
    assert max(watched.pauses_s(74.0)) <= 2 * GOP_S + 0.1


def test_a_lost_keyframe_is_a_pause() -> None:
    """With one that is left out there would be two in a row."""
    begin_s = first_pause_s(Watched(nobody))
    lost_s = begin_s + GOP_S

    def sent(packet: Packet) -> Packet | None:
        return None if lost_s - 0.05 < packet.t_s < lost_s + 0.05 else packet

    watched = Watched(nobody, sent=sent)
    assert max(watched.pauses_s(SETTLED_S)) == pytest.approx(2 * GOP_S)


def test_a_broken_keyframe_is_a_pause() -> None:
    """It came when none might be left out, just where one would have been."""
    begin_s = first_pause_s(Watched(nobody))
    broken = between((begin_s + GOP_S - 0.05, begin_s + GOP_S + 0.05))

    def sent(packet: Packet) -> Packet:
        return packet._replace(payload=packet.payload[:60]) if broken(packet.t_s) else packet

    watched = Watched(nobody, sent=sent, awaits=broken)
    assert watched.look_back.decode_errors
    met_s = sorted({*watched.glanced_s, *watched.shown_s})
    assert max(b - a for a, b in pairwise(met_s)) <= 2 * GOP_S + 0.1


def test_a_stream_that_wakes_after_a_pause_is_looked_back_at_through_it() -> None:
    """Here because the camera stops sending keyframes after the one that was left out."""
    begin_s = first_pause_s(Watched(nobody))

    def sent(packet: Packet) -> Packet:
        last_s = begin_s + GOP_S + 0.1
        return packet._replace(keyframe=packet.keyframe and packet.t_s < last_s)

    watched = Watched(nobody, sent=sent)
    assert [t_s for t_s in watched.shown_s if begin_s + 0.3 < t_s < begin_s + GOP_S - 0.3]


def test_what_stirs_ends_the_rest_though_nothing_moves_where_it_is_told() -> None:
    watched = Watched(nobody, stirs_as_well=between((50.0, 51.0)))
    assert max(watched.pauses_s(52.0, 50.0 + REST_S)) == pytest.approx(GOP_S)
    assert max(watched.pauses_s(50.0 + SETTLED_S)) == pytest.approx(2 * GOP_S)


def test_after_a_brief_visit_every_keyframe_is_looked_at() -> None:
    watched = Watched(between((20.1, 20.1 + BRIEF_S - 1.5)))
    assert max(watched.pauses_s(26.0)) == pytest.approx(GOP_S)


def test_after_a_long_visit_and_a_minute_some_are_left_out_again() -> None:
    watched = Watched(between((20.1, 20.1 + BRIEF_S + 1.5)))
    left_s = 20.1 + BRIEF_S + 1.5
    assert max(watched.pauses_s(left_s + 4.0, left_s + REST_S)) == pytest.approx(GOP_S)
    assert max(watched.pauses_s(left_s + SETTLED_S)) == pytest.approx(2 * GOP_S)


def test_where_sizes_tell_whoever_comes_what_they_tell_is_looked_at() -> None:
    """However often it turns out to be nothing."""

    def more(packet: Packet) -> int:
        loud = 100.0 <= packet.t_s < 118.0 and 0.9 < packet.t_s % GOP_S < 1.6
        return 6000 * packet.keyframe + 900 * loud

    watched = Watched(nobody, more=more)
    assert max(watched.pauses_s(SETTLED_S, 100.0)) > 2.5 * GOP_S
    assert max(watched.pauses_s(102.0, 118.0)) == pytest.approx(GOP_S)


def glance(sparing: Sparing, times_s: Sequence[float], moves: Moves = nobody) -> list[float]:
    """Look at a scene by its keyframes; return which are looked at."""
    looked_at_s = []
    for t_s in times_s:
        if sparing.allows(t_s):
            sparing.note_unseen()
            continue
        looked_at_s.append(t_s)
        sparing.note(t_s, moving=moves(t_s))
    return looked_at_s


def times_s(begin_s: float, count: int = 200) -> list[float]:
    return [begin_s + GOP_S * k for k in range(count)]


def test_a_brief_visit_is_forgotten_after_a_day() -> None:
    sparing = Sparing()
    sparing.note_visit(0.0, 2.0)
    assert glance(sparing, times_s(4.0)) == times_s(4.0)
    later = glance(sparing, times_s(REMEMBERED_S - 300.0))
    left_out_s = sorted(set(times_s(REMEMBERED_S - 300.0)) - set(later))
    assert left_out_s
    assert left_out_s[0] >= 2.0 + REMEMBERED_S


def test_what_is_known_of_visits_outlasts_a_broken_connection_but_rest_does_not() -> None:
    sparing = Sparing()
    assert len(glance(sparing, times_s(0.0))) < len(times_s(0.0))
    sparing.look_away()
    first = times_s(1000.0, count=30)
    assert glance(sparing, first) == first
    sparing.note_visit(1100.0, 1103.0)
    sparing.look_away()
    assert glance(sparing, times_s(1200.0)) == times_s(1200.0)


@given(
    st.lists(st.floats(0.5, MAX_WATCHED_GOP_S), min_size=60, max_size=200),
)
def test_who_stays_for_longer_than_a_brief_visit_is_always_met(
    steps_s: list[float],
) -> None:
    """However far keyframes are apart, as long as a scene is watched by them."""
    times = [float(t_s) for t_s in np.cumsum(steps_s)]
    looked_at_s = glance(Sparing(), times)
    assert len(looked_at_s) < len(times) or times[-1] < REST_S + LOOKED_AT * MAX_WATCHED_GOP_S
    assert max(b - a for a, b in pairwise(looked_at_s)) <= 2 * MAX_WATCHED_GOP_S < BRIEF_S


@given(st.lists(st.tuples(st.floats(0.1, 30.0), st.booleans()), max_size=300))
def test_no_two_keyframes_in_a_row_are_left_out_whatever_is_seen(
    seen: list[tuple[float, bool]],
) -> None:
    sparing, t_s, before, moved_s = Sparing(), 0.0, False, 0.0
    for step_s, moving in seen:
        t_s += step_s
        spared = sparing.allows(t_s)
        assert not (spared and (before or t_s - moved_s < REST_S))
        before = spared
        if spared:
            sparing.note_unseen()
            continue
        sparing.note(t_s, moving=moving)
        moved_s = t_s if moving else moved_s


# A whole analysis

GATE = Zone(
    name="gate",
    purpose="intrusion",
    polygon=((0.0, 0.4), (1.0, 0.4), (1.0, 1.0), (0.0, 1.0)),
    armed=False,
)
KEYFRAMES = 16
"""Within the half minute in which pictures are counted."""


def passing(begin_s: float, seconds: float) -> Paint:
    """Somebody walks through."""

    def paint(picture: Picture, t_s: float) -> None:
        if begin_s <= t_s < begin_s + seconds:
            left = round((t_s - begin_s) / seconds * (WIDTH - 30))
            picture[HEIGHT // 2 : HEIGHT - 20, left : left + 30] = 35

    return paint


@pytest.fixture(scope="module")
def long_rest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing for a hundred seconds, then somebody walks through within eight."""
    folder = tmp_path_factory.mktemp("clip")
    return write_clip(folder / "rest.mp4", passing(105.0, 8.0), until_s=125)


@pytest.fixture(scope="module")
def brief_visit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody passes within three seconds."""
    folder = tmp_path_factory.mktemp("clip")
    return write_clip(folder / "brief.mp4", passing(12.5, 3.0), until_s=102)


@pytest.fixture(scope="module")
def long_visit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody passes within nine seconds."""
    folder = tmp_path_factory.mktemp("clip")
    return write_clip(folder / "long.mp4", passing(11.5, 9.0), until_s=102)


@pytest.fixture(scope="module")
def light_goes_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It is darker for some seconds, and nobody comes."""

    def paint(picture: Picture, t_s: float) -> None:
        if 5.5 <= t_s < 8.5:
            picture *= 0.5

    return write_clip(tmp_path_factory.mktemp("clip") / "light.mp4", paint, until_s=102)


def noisy(clip: Path) -> tuple[StreamFormat, list[Packet]]:
    """Return the stream with sizes that vary as much as by figures."""
    form, packets = over_rtsp(*read_packets(clip), in_band=True)
    rng = Random(5)
    return form, [p._replace(payload=p.payload + bytes(rng.randrange(4000))) for p in packets]


def analyse(
    clip: Path, order: Watch, orders: Mapping[float, Arm] | None = None
) -> tuple[int, list[AnyFinding]]:
    """Return how many pictures were decoded while nobody came for half a minute, and what was said."""
    form, packets = noisy(clip)
    stock = Stock(form=form, ring=PacketRing(max_s=60, max_bytes=8_000_000))
    analysis = Analysis(order, stock, room=EvidenceRoom(spool=None))
    said: list[AnyFinding] = []
    counts = []
    waiting = sorted((orders or {}).items())
    for packet in packets:
        while waiting and waiting[0][0] <= packet.t_s:
            said += analysis.obey(waiting.pop(0)[1])
        said += analysis.feed(packet)
        if 69.0 <= packet.t_s < 101.0:
            counts.append(analysis.decoded)
    return counts[-1] - counts[0], said + analysis.finish()


def test_an_analysis_leaves_some_out_and_misses_nobody(long_rest: Path) -> None:
    order = watch("yard", long_rest)
    decoded, said = analyse(long_rest, order)
    assert 0.7 * KEYFRAMES < decoded < 0.9 * KEYFRAMES
    (began,) = (finding for finding in said if isinstance(finding, MotionStarted))
    assert began.at_s == pytest.approx(105.0, abs=1.0)


def test_a_zone_that_guards_has_every_keyframe_looked_at(long_rest: Path) -> None:
    order = watch("yard", long_rest).model_copy(update={"zones": (YARD, GATE)})
    idle, _ = analyse(long_rest, order)
    armed, _ = analyse(long_rest, order, {0.0: Arm(camera_id="yard", zone="gate", armed=True)})
    assert armed == KEYFRAMES
    assert idle < 0.9 * armed


def test_who_passed_once_within_seconds_is_waited_for_with_every_keyframe(
    brief_visit: Path,
) -> None:
    decoded, said = analyse(brief_visit, watch("yard", brief_visit))
    assert [finding for finding in said if isinstance(finding, MotionStarted)]
    assert decoded == KEYFRAMES


def test_a_visit_that_was_not_seen_to_its_end_is_not_a_brief_one(long_visit: Path) -> None:
    """Here its zone rests from then on."""
    door = Zone(name="door", purpose="motion", polygon=GATE.polygon)
    order = watch("yard", long_visit).model_copy(update={"zones": (YARD, door)})
    rests = {
        14.5: Arm(camera_id="yard", zone="door", armed=False),
        24.0: Arm(camera_id="yard", zone="door", armed=True),
    }
    decoded, said = analyse(long_visit, order, rests)
    (ended,) = (finding for finding in said if isinstance(finding, MotionEnded))
    assert ended.duration_s < BRIEF_S
    assert decoded < 0.9 * KEYFRAMES


def test_light_that_goes_out_for_a_moment_is_no_visit(light_goes_out: Path) -> None:
    decoded, said = analyse(light_goes_out, watch("yard", light_goes_out))
    assert not [finding for finding in said if isinstance(finding, MotionStarted)]
    assert decoded < 0.9 * KEYFRAMES
