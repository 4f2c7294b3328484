"""The packet ring, whatever a camera sends."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.ring import HARD_FACTOR, PacketRing

MAX_S, MAX_BYTES = 10.0, 1_000


def packet(number: int, size: int, *, keyframe: bool) -> Packet:
    return Packet(payload=bytes(size), pts=number, t_s=0.5 * number, keyframe=keyframe)


STREAMS = st.lists(st.tuples(st.integers(1, 400), st.booleans()), max_size=120)


@given(STREAMS)
def test_what_it_holds_begins_with_a_keyframe_and_has_no_gap(stream) -> None:
    """So that all of it can be decoded, at any moment."""
    ring = PacketRing(max_s=MAX_S, max_bytes=MAX_BYTES)
    for number, (size, keyframe) in enumerate(stream):
        ring.append(packet(number, size, keyframe=keyframe))
        held = ring.cut(-1.0, 1e9)
        assert not held or held[0].keyframe
        assert [p.pts for p in held] == list(range(held[0].pts, number + 1)) if held else True
        assert sum(len(p.payload) for p in held) == ring.held_bytes


@given(STREAMS)
def test_it_is_bounded_but_never_less_than_the_current_group(stream) -> None:
    """Older groups go first; one group may exceed the ring, up to a hard end."""
    ring = PacketRing(max_s=MAX_S, max_bytes=MAX_BYTES)
    for number, (size, keyframe) in enumerate(stream):
        ring.append(packet(number, size, keyframe=keyframe))
        held = ring.cut(-1.0, 1e9)
        groups = sum(p.keyframe for p in held)
        assert ring.held_bytes <= MAX_BYTES or groups == 1
        assert ring.held_bytes <= HARD_FACTOR * MAX_BYTES


@given(STREAMS, st.floats(0, 60), st.floats(0, 10))
def test_a_cut_reaches_back_to_its_beginning(stream, begin_s, length_s) -> None:
    """It starts with a keyframe at or before the instant, if the ring reaches back so far."""
    ring = PacketRing(max_s=MAX_S, max_bytes=MAX_BYTES)
    for number, (size, keyframe) in enumerate(stream):
        ring.append(packet(number, size, keyframe=keyframe))
    everything, cut = ring.cut(-1.0, 1e9), ring.cut(begin_s, begin_s + length_s)
    assert bool(cut) == bool(everything)
    if cut:
        assert cut[0].keyframe
        assert cut[0].t_s <= begin_s or cut[0] == everything[0]
        inside = [p for p in everything if begin_s <= p.t_s <= begin_s + length_s]
        assert set(inside) <= set(cut)


def test_packets_before_the_first_keyframe_are_counted_not_kept() -> None:
    """Joining a stream in its middle."""
    ring = PacketRing(max_s=MAX_S, max_bytes=MAX_BYTES)
    ring.append(packet(0, 10, keyframe=False))
    assert ring.dropped == 1
    assert ring.cut(0, 1) == ()
