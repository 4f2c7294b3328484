"""A connection is visited when it is worth it, and never so late that its camera would have to wait."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.vision.camera import RESTING_PACKETS
from edge_agent.vision.intake.backlog import BACKLOG_PACKETS
from edge_agent.vision.intake.rhythm import (
    LARGE_BYTES,
    LISTENING_ROUND_S,
    RESTING_ROUND_S,
    ROUND_S,
    SOON_S,
    Pause,
    Rhythm,
)
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.rtsp.connection import LONGEST_PAUSE_S, READ_BYTES

WINDOW_BYTES = 65_536
"""What a sender may send ahead of the first reading."""


def keyframe(t_s: float) -> Packet:
    return Packet(payload=b"", pts=0, t_s=t_s, keyframe=True)


def due_s(pause: Pause, now_s: float) -> float:
    """When the rounds come again."""
    return ((now_s + pause.at_least_s) // pause.every_s + 1.0) * pause.every_s


def at_rest(rhythm: Rhythm, now_s: float, *, listens: bool = False) -> Pause:
    return rhythm.pause(now_s, resting=True, listens=listens)


def test_at_rest_the_next_visit_is_when_the_next_keyframe_has_come() -> None:
    rhythm = Rhythm()
    for t_s in (100.0, 102.0, 104.0):
        rhythm.note(10_000, [keyframe(t_s)], t_s + 0.3)
    assert 106.0 < due_s(at_rest(rhythm, 104.3), 104.3) < 106.2 + RESTING_ROUND_S


def test_a_stream_without_regular_keyframes_is_visited_with_every_round() -> None:
    rhythm = Rhythm()
    for t_s in (100.0, 102.0, 107.0):
        rhythm.note(10_000, [keyframe(t_s)], t_s + 0.3)
    assert at_rest(rhythm, 107.3) == Pause(RESTING_ROUND_S)


def test_what_moves_or_may_tell_of_motion_between_keyframes_is_read_sooner() -> None:
    rhythm = Rhythm()
    for t_s in (100.0, 102.0, 104.0):
        rhythm.note(10_000, [keyframe(t_s)], t_s + 0.3)
    assert at_rest(rhythm, 104.3, listens=True) == Pause(LISTENING_ROUND_S)
    assert rhythm.pause(104.3, resting=False, listens=True) == Pause(ROUND_S)


def test_until_its_rate_is_known_a_stream_is_read_often() -> None:
    assert at_rest(Rhythm(), 0.0) == Pause(ROUND_S)


def test_who_brings_much_is_visited_again_soon_until_it_has_proved_that_it_need_not_wait() -> None:
    """Nothing came at once afterwards: the sender was not held up."""
    rhythm = Rhythm()
    rhythm.note(LARGE_BYTES, [], 1.0)
    assert at_rest(rhythm, 1.0) == Pause(SOON_S)
    rhythm.note(1_000, [], 1.1)
    assert at_rest(rhythm, 1.1) != Pause(SOON_S)
    rhythm.note(LARGE_BYTES, [], 3.0)
    assert at_rest(rhythm, 3.0) != Pause(SOON_S)


def test_who_goes_on_bringing_much_is_visited_soon_again_and_again() -> None:
    rhythm = Rhythm()
    for number in range(100):
        rhythm.note(LARGE_BYTES, [], 0.1 * number)
        assert at_rest(rhythm, 0.1 * number) == Pause(SOON_S)


def test_the_proof_is_asked_for_anew_from_time_to_time() -> None:
    """Memory for connections may become scarce while the stream goes on."""
    rhythm, soon = Rhythm(), 0
    for number in range(200):
        rhythm.note(LARGE_BYTES, [], 2.0 * number)
        if at_rest(rhythm, 2.0 * number) == Pause(SOON_S):
            soon += 1
            rhythm.note(100, [], 2.0 * number + 0.1)
    assert 2 <= soon < 20


def test_a_full_reading_is_followed_by_another() -> None:
    rhythm = Rhythm()
    rhythm.note(READ_BYTES, [], 1.0)
    rhythm.note(0, [], 1.1)
    rhythm.note(READ_BYTES, [], 2.0)
    assert at_rest(rhythm, 2.0) == Pause(SOON_S)


@given(
    bytes_per_s=st.integers(1_000, 120_000),
    gop_s=st.floats(0.5, 5.0),
    first_s=st.floats(0.0, 5.0),
)
def test_no_sender_is_ever_held_up(bytes_per_s: int, gop_s: float, first_s: float) -> None:
    """A sender may be ahead by twice what was read at once; each keyframe is read soon after it."""
    rhythm = Rhythm()
    now_s, widest_bytes, read_s, next_keyframe_s = 0.0, 0, 0.0, first_s
    for _ in range(100):
        come_bytes = round(bytes_per_s * (now_s - read_s))
        assert come_bytes <= max(WINDOW_BYTES, 2 * widest_bytes) + 2
        brought_bytes = min(READ_BYTES, come_bytes)
        keyframes = []
        while next_keyframe_s <= now_s:
            keyframes.append(keyframe(next_keyframe_s))
            next_keyframe_s += gop_s
        assert all(now_s - one.t_s <= 0.2 + 2 * RESTING_ROUND_S + 0.01 for one in keyframes)
        rhythm.note(brought_bytes, keyframes, now_s)
        widest_bytes, read_s = max(widest_bytes, brought_bytes), now_s
        now_s = due_s(at_rest(rhythm, now_s), now_s)
        assert now_s - read_s <= LONGEST_PAUSE_S


@given(fps=st.integers(5, 60), gop_s=st.floats(0.5, 2.5), phase_s=st.floats(0.0, 2.5))
def test_no_more_pictures_come_at_once_than_can_wait(
    fps: int, gop_s: float, phase_s: float
) -> None:
    """Also of a camera with many small ones; else whole groups would be dropped."""
    rhythm, now_s, number = Rhythm(), 0.0, 0
    for visit in range(60):
        packets = []
        while (t_s := number / fps) <= now_s:
            is_key = (t_s + phase_s) // gop_s > (t_s - 1 / fps + phase_s) // gop_s
            packets.append(Packet(payload=b"", pts=number, t_s=t_s, keyframe=is_key))
            number += 1
        assert len(packets) + RESTING_PACKETS <= BACKLOG_PACKETS
        rhythm.note(100 * len(packets), packets, now_s)
        now_s = due_s(at_rest(rhythm, now_s), now_s) if visit > 5 else now_s + ROUND_S


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6))
def test_no_camera_clock_puts_a_visit_off_for_long(times_s: list[float]) -> None:
    rhythm = Rhythm()
    for visit, t_s in enumerate(times_s):
        rhythm.note(1_000, [keyframe(t_s)], float(visit))
        now_s = float(visit)
        assert due_s(at_rest(rhythm, now_s), now_s) - now_s <= LONGEST_PAUSE_S
