"""What a microphone gave is put where it belongs on the machine's clock."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.hearing.recording.tape import Chunk, Tape
from tests.edge_agent.hearing.sounds import RATE_HZ

TENTH = RATE_HZ // 10


def chunk(number, *, value=1, late_s=0.0, connection=0, stream_begin_s=50.0, opened_at_s=1_000.0):
    """The `number`th tenth of a second of a connection."""
    return Chunk(
        connection=connection,
        stream_s=stream_begin_s + number / 10,
        arrived_at_s=opened_at_s + (number + 1) / 10 + late_s,
        samples=np.full(TENTH, value, dtype=np.int16),
    )


def new_tape():
    return Tape(begins_at_s=1_000.0, ends_at_s=1_010.0)


@given(delays=st.lists(st.floats(0, 0.5), min_size=1, max_size=20), punctual=st.integers(0, 19))
def test_sound_that_waited_on_its_way_is_put_where_it_was_heard(delays, punctual):
    """The network delivers in bursts; one punctual packet tells when all of them were heard."""
    delays[punctual % len(delays)] = 0.0
    tape = new_tape()
    for number, late_s in enumerate(delays):
        tape.add(chunk(number, value=number + 1, late_s=late_s))
    sound, known = tape.read(1_000.0, len(delays) * TENTH)
    assert known.all()
    expected = np.repeat(np.arange(1, len(delays) + 1), TENTH)
    assert np.array_equal(sound, expected.astype(np.int16))


def test_what_is_missing_is_silence():
    """A lost packet leaves a hole of its own length, and so does the time before the first."""
    tape = new_tape()
    tape.add(chunk(0))
    tape.add(chunk(2))
    sound, known = tape.read(999.9, 5 * TENTH)
    assert [int(sound[at * TENTH + 5]) for at in range(5)] == [0, 1, 0, 1, 0]
    assert [bool(known[at * TENTH + 5]) for at in range(5)] == [False, True, False, True, False]


def test_a_camera_that_came_back_has_another_clock():
    """After a restart its time stamps begin anew."""
    tape = new_tape()
    tape.add(chunk(0, value=1))
    tape.add(chunk(0, value=2, connection=1, stream_begin_s=0.0, opened_at_s=1_002.0))
    sound, _ = tape.read(1_000.0, 3 * RATE_HZ)
    assert (int(sound[5]), int(sound[2 * RATE_HZ + 5]), int(sound[RATE_HZ])) == (1, 2, 0)


def test_a_tape_has_an_end():
    """Neither a broadcast of hours nor a camera faster than time fills the memory."""
    tape = new_tape()
    for number in range(-5, 200):
        tape.add(chunk(number))
    assert tape.read(900.0, 200 * RATE_HZ)[1].sum() <= 10.0 * RATE_HZ
    hasty = new_tape()
    for number in range(500):
        hasty.add(chunk(number, late_s=-number / 10))
    assert hasty.read(900.0, 200 * RATE_HZ)[1].sum() <= 10.0 * RATE_HZ


def test_an_unused_tape_says_so():
    """The reason is then the microphone's to tell."""
    tape = new_tape()
    assert tape.is_empty
    tape.add(chunk(0))
    assert not tape.is_empty
