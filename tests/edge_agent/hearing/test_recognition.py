"""What was played is recognised in what a microphone recorded, and nothing else is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events import Hearing
from edge_agent.hearing.comparing.recognition import (
    LONGEST_S,
    SHORTEST_S,
    THRESHOLD,
    recognise,
)
from tests.edge_agent.hearing.sounds import RATE_HZ, draw_speech, hear

SPEECH = draw_speech(1, 8.0)
OTHER = draw_speech(2, 8.0)
few = settings(max_examples=15)


@few
@given(lag_s=st.floats(0.0, 3.0), seed=st.integers(0, 1_000))
def test_the_delay_is_found(lag_s, seed):
    """Whatever buffers and the air take, up to three seconds, is measured to the millisecond or two."""
    recognition = recognise(SPEECH, hear(SPEECH, seed=seed, lag_s=lag_s))
    assert recognition.hearing is Hearing.HEARD
    assert recognition.lag_s == pytest.approx(lag_s, abs=0.002)


@few
@given(gain=st.floats(0.02, 1.0), inverted=st.booleans())
def test_loudness_and_polarity_do_not_matter(gain, inverted):
    """A far camera and a loudspeaker wired the other way round hear the same words."""
    recorded = hear(SPEECH, seed=3, lag_s=0.5) // 2
    reference = recognise(SPEECH, recorded)
    changed = (recorded * (-gain if inverted else gain)).astype(np.int16)
    recognition = recognise(SPEECH, changed)
    assert recognition.hearing is reference.hearing is Hearing.HEARD
    assert recognition.score == pytest.approx(reference.score, rel=0.1)
    assert recognition.lag_s == reference.lag_s


def test_noise_thirty_times_as_strong_does_not_hide_it():
    """At -15 dB, where a person hardly notices that somebody speaks."""
    recognition = recognise(SPEECH, hear(SPEECH, seed=4, lag_s=1.0, snr_db=-15))
    assert recognition.hearing is Hearing.HEARD


@pytest.mark.parametrize("drift_ppm", [-200, -50, 50, 200])
def test_two_clocks_may_drift_apart(drift_ppm):
    """Two minutes at 200 ppm are 24 ms apart, far more than a wave."""
    speech = draw_speech(5, 120.0)
    recorded = hear(speech, seed=5, lag_s=0.7, snr_db=-5, drift_ppm=drift_ppm)
    recognition = recognise(speech, recorded)
    assert recognition.hearing is Hearing.HEARD
    assert recognition.coverage > 0.9
    assert recognition.lag_s == pytest.approx(0.7, abs=0.005)


@few
@given(seed=st.integers(0, 1_000), snr_db=st.floats(-15, 20))
def test_another_announcement_is_not_heard(seed, snr_db):
    """However loud it is."""
    recognition = recognise(SPEECH, hear(OTHER, seed=seed, lag_s=0.5, snr_db=snr_db))
    assert recognition.hearing is Hearing.NOT_HEARD
    assert recognition.measured_s == pytest.approx(8.0, abs=0.1)


def test_noise_alone_is_not_heard():
    """A village without a loudspeaker: the score stays low and there is no delay to tell."""
    recognition = recognise(SPEECH, hear(np.zeros_like(SPEECH), seed=1, lag_s=0.5))
    assert recognition.hearing is Hearing.NOT_HEARD
    assert recognition.score < THRESHOLD
    assert recognition.lag_s is None


def test_an_announcement_that_broke_off_is_not_heard():
    """A third of it is recognised, and the technician reads how much."""
    long = draw_speech(6, 30.0)
    cut = long.copy()
    cut[len(cut) // 3 :] = 0
    recognition = recognise(long, hear(cut, seed=6, lag_s=0.5, snr_db=10))
    assert recognition.hearing is Hearing.NOT_HEARD
    assert recognition.lag_s == pytest.approx(0.5, abs=0.002)
    assert "s were recognised" in recognition.detail


def test_the_same_chime_before_other_words_is_not_the_announcement():
    """All broadcasts of a commune begin alike."""
    chime = draw_speech(7, 3.0)
    one, two = (np.concatenate([chime, draw_speech(seed, 9.0)]) for seed in (8, 9))
    assert recognise(one, hear(two, seed=7, lag_s=0.4, snr_db=15)).hearing is Hearing.NOT_HEARD


def test_a_microphone_that_began_late_judges_the_rest():
    """Half of the broadcast was recorded: so much is measured, and heard."""
    long = draw_speech(10, 20.0)
    recorded = hear(long, seed=10, lag_s=0.5, snr_db=5)
    recorded[: 10 * RATE_HZ] = 0
    known = np.arange(len(recorded)) >= 10 * RATE_HZ
    recognition = recognise(long, recorded, known)
    assert recognition.hearing is Hearing.HEARD
    assert 8 < recognition.measured_s < 11


def test_a_short_word_is_judged_by_what_was_recorded_of_it():
    """Opening a microphone takes a second of a talk-down of four; the missing second is no blame."""
    word = draw_speech(12, 4.0)
    recorded = hear(word, seed=12, lag_s=0.5, snr_db=5)
    known = np.arange(len(recorded)) >= round(1.8 * RATE_HZ)
    recognition = recognise(word, recorded * known, known)
    assert recognition.hearing is Hearing.HEARD
    assert 1.5 < recognition.measured_s < 3.5


def test_a_microphone_that_gates_silence_does_not_hide_it():
    """Zeros that the camera sent are silence, and silence is not the announcement."""
    long = draw_speech(13, 20.0)
    recorded = hear(long, seed=13, lag_s=0.5, snr_db=20)
    recorded[6 * RATE_HZ :] = 0
    assert recognise(long, recorded).hearing is Hearing.NOT_HEARD


@pytest.mark.parametrize("value", [0, 8, -4])
def test_a_mute_microphone_proves_nothing(value):
    """Digital silence, which not every codec writes as zero."""
    silent = np.full(13 * RATE_HZ, value, dtype=np.int16)
    recognition = recognise(SPEECH, silent)
    assert recognition.hearing is Hearing.INCONCLUSIVE
    assert "silence" in recognition.detail


@pytest.mark.parametrize("seconds", [0.0, SHORTEST_S - 0.1])
def test_a_moment_proves_nothing(seconds):
    """Whoever was cut off at once cannot have been heard, nor unheard."""
    played = SPEECH[: round(seconds * RATE_HZ)]
    recognition = recognise(played, hear(SPEECH, seed=1, lag_s=0.5))
    assert recognition.hearing is Hearing.INCONCLUSIVE


def test_a_broadcast_of_silence_proves_nothing():
    """There was nothing to hear."""
    recognition = recognise(np.zeros_like(SPEECH), hear(SPEECH, seed=1, lag_s=0.5))
    assert recognition.hearing is Hearing.INCONCLUSIVE


@few
@given(played_s=st.floats(0, 6), recorded_s=st.floats(0, 12), seed=st.integers(0, 99))
def test_any_lengths_get_a_verdict(played_s, recorded_s, seed):
    """Recordings end early, begin late or are empty."""
    recorded = hear(SPEECH, seed=seed, lag_s=0.5)[: round(recorded_s * RATE_HZ)]
    recognition = recognise(SPEECH[: round(played_s * RATE_HZ)], recorded)
    assert recognition.score >= 0
    assert 0 <= recognition.coverage <= 1


def test_no_more_than_ten_minutes_are_compared():
    """The rest of a long programme costs nothing."""
    long = np.tile(SPEECH, 80)
    recognition = recognise(long, np.tile(SPEECH, 81))
    assert recognition.measured_s <= LONGEST_S + 0.1
