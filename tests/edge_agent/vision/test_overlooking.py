"""At rest, keyframes are left out where packet sizes have proved to tell motion, and only there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest

from edge_agent.vision.lookback import LEAD_S, OVERLOOKED_S, LookBack, Stock
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.ring import PacketRing
from tests.edge_agent.vision.footage_maker import encode, over_rtsp

GOP_S, END_S = 2.0, 110.0
LEARNED_S = 64.0
BEGUN_S = 61.4
KEYFRAME_BYTES = 6_000
"""As of a picture in which there is something to be seen."""
MOTIONS_S = ((12.3, 17.0), (27.3, 32.0), (42.3, 47.0), (57.3, 62.0))


def moves(t_s: float, *, more: tuple[float, float] = (0.0, 0.0)) -> bool:
    return any(begin_s <= t_s < end_s for begin_s, end_s in (*MOTIONS_S, more))


@dataclass
class Watched:
    """What was looked at of a stream on which something moves now and then."""

    glanced_s: list[float] = field(default_factory=list)
    shown_s: list[float] = field(default_factory=list)


def look_at(
    *,
    swollen: Callable[[float], int] = moves,
    moving: Callable[[float], bool] = moves,
    may_overlook: Callable[[], bool] = lambda: True,
    at_once: int = 1,
) -> Watched:
    """Watch a stream whose packets are larger the more it is `swollen` and which stirs while `moving`."""
    form, packets = over_rtsp(*encode(pictures=1100, gop=20, bframes=0), in_band=True)
    watched = Watched()

    def stirs(frame) -> bool:
        watched.glanced_s.append(float(frame.pts * form.time_base))
        return moving(watched.glanced_s[-1])

    ring = PacketRing(max_s=60, max_bytes=8_000_000)
    look_back = LookBack(Stock(form=form, ring=ring), stirs=stirs, may_overlook=may_overlook)
    # Zeros after a unit belong to nothing (H.264 annex B).
    more = [KEYFRAME_BYTES * p.keyframe + 400 * swollen(p.t_s) for p in packets]
    waiting = [p._replace(payload=p.payload + bytes(m)) for p, m in zip(packets, more, strict=True)]
    while waiting:
        turn, waiting = waiting[:at_once], waiting[at_once:]
        for packet in turn[look_back.pass_over(turn) if at_once > 1 else 0 :]:
            feed(look_back, packet, moving, watched)
    return watched


def feed(
    look_back: LookBack, packet: Packet, moving: Callable[[float], bool], watched: Watched
) -> None:
    for shown in look_back.feed(packet):
        watched.shown_s.append(shown.t_s)
        if moving(shown.t_s):
            look_back.stir(shown.t_s, passing=False)
        look_back.learn(shown.t_s, moving=moving(shown.t_s))


def pauses_s(times_s: list[float], from_s: float, to_s: float = END_S) -> list[float]:
    return [b - a for a, b in pairwise(t for t in times_s if from_s <= t < to_s)]


@pytest.mark.parametrize("at_once", [1, 7])
def test_two_of_three_keyframes_are_left_out_where_sizes_have_proved_themselves(
    at_once: int,
) -> None:
    watched = look_at(at_once=at_once)
    assert max(pauses_s(watched.glanced_s, 4.0, 12.0)) == pytest.approx(GOP_S)
    pauses = pauses_s(watched.glanced_s, LEARNED_S)
    assert pauses
    assert max(pauses) <= OVERLOOKED_S + GOP_S
    assert sum(pauses) / len(pauses) > 2 * GOP_S


def test_where_sizes_say_nothing_every_keyframe_is_looked_at() -> None:
    watched = look_at(swollen=lambda _: False)
    assert max(pauses_s(watched.glanced_s, LEARNED_S)) == pytest.approx(GOP_S)


def test_while_something_is_awaited_every_keyframe_is_looked_at() -> None:
    watched = look_at(may_overlook=lambda: False)
    assert max(pauses_s(watched.glanced_s, LEARNED_S)) == pytest.approx(GOP_S)


def test_motion_in_a_group_that_would_be_left_out_is_looked_at() -> None:
    """Its packets wake: it is seen from the keyframe before it on."""

    def more(t_s: float) -> bool:
        return moves(t_s, more=(85.1, 87.9))

    watched = look_at(swollen=more, moving=more, at_once=9)
    during = [t_s for t_s in watched.shown_s if 84.5 <= t_s < 88.0]
    assert during[0] < 85.1
    assert max(b - a for a, b in pairwise(during)) < 0.35


def test_motion_of_which_sizes_did_not_tell_is_looked_back_at_and_ends_their_vouching() -> None:
    """All groups that were left out are decoded after all; from then on none is."""
    begun_s = 78.1
    watched = look_at(moving=lambda t_s: moves(t_s, more=(begun_s, 82.5)))
    before_s = max(t_s for t_s in watched.glanced_s if t_s < begun_s)
    found_s = min(t_s for t_s in watched.glanced_s if t_s > begun_s)
    assert found_s - begun_s < OVERLOOKED_S + GOP_S
    between = [t_s for t_s in watched.shown_s if before_s <= t_s <= found_s]
    assert max(b - a for a, b in pairwise(between)) < 0.35
    assert max(pauses_s(watched.glanced_s, 86.0)) == pytest.approx(GOP_S)


def never(_: float) -> bool:
    return False


def one_motion(t_s: float) -> bool:
    return BEGUN_S <= t_s < 65.0


def test_where_rest_is_steady_keyframes_are_left_out_before_any_motion() -> None:
    watched = look_at(swollen=never, moving=never, at_once=7)
    assert max(pauses_s(watched.glanced_s, 4.0, 16.0)) == pytest.approx(GOP_S)
    pauses = pauses_s(watched.glanced_s, 30.0)
    assert max(pauses) <= OVERLOOKED_S + GOP_S
    assert sum(pauses) / len(pauses) > 2 * GOP_S


def test_where_rest_is_as_noisy_as_figures_no_keyframe_is_left_out() -> None:
    rng = Random(7)
    watched = look_at(swollen=lambda _: rng.randrange(40), moving=never, at_once=7)
    assert max(pauses_s(watched.glanced_s, 4.0)) == pytest.approx(GOP_S)


def test_motion_that_sizes_told_is_looked_back_at_from_where_it_began() -> None:
    """Not from the keyframe before it, nor through what had been left out; they go on vouching."""
    watched = look_at(swollen=one_motion, moving=one_motion, at_once=7)
    during = [t_s for t_s in watched.shown_s if 58.05 < t_s < 65.0]
    assert BEGUN_S - 2 * LEAD_S < during[0] < BEGUN_S
    assert max(b - a for a, b in pairwise(during)) < 0.35
    assert max(pauses_s(watched.glanced_s, 72.0)) > GOP_S


def test_motion_of_which_steady_sizes_did_not_tell_ends_their_vouching() -> None:
    """What was left out is looked at after all."""
    watched = look_at(swollen=never, moving=one_motion, at_once=7)
    before_s = max(t_s for t_s in watched.glanced_s if t_s < BEGUN_S)
    found_s = min(t_s for t_s in watched.glanced_s if t_s > BEGUN_S)
    assert found_s - BEGUN_S < OVERLOOKED_S + GOP_S
    between = [t_s for t_s in watched.shown_s if before_s <= t_s <= found_s]
    assert max(b - a for a, b in pairwise(between)) < 0.35
    assert max(pauses_s(watched.glanced_s, 68.0)) == pytest.approx(GOP_S)
