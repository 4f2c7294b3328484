"""Several microphones, one verdict."""

import itertools
from pathlib import Path

import pytest

from contracts.events import Hearing
from edge_agent.hearing.comparing.recognition import THRESHOLD
from edge_agent.hearing.listening import Listening
from edge_agent.hearing.messages import Compared
from edge_agent.hearing.verdicts import judge

LISTENING = Listening(
    broadcast_id="b", loudspeaker_id="loa-1", camera_ids=("near", "far"),
    audio_path=Path("b.ogg"), started_at_s=0.0, expected_s=5.0,
)  # fmt: skip
HEARD = ("near", Compared(take=1, hearing=Hearing.HEARD, score=12.0, lag_s=0.4))
HEARD_BETTER = ("far", Compared(take=2, hearing=Hearing.HEARD, score=20.0, lag_s=0.9))
LOUD_BUT_CUT = ("cut", Compared(take=3, hearing=Hearing.NOT_HEARD, score=30.0, detail="only 2 s"))
NOT_HEARD = ("deaf", Compared(take=4, hearing=Hearing.NOT_HEARD, score=4.0))
MUTE = ("mute", Compared(take=5, hearing=Hearing.INCONCLUSIVE, detail="no microphone"))


@pytest.mark.parametrize(
    ("answers", "camera_id"),
    [
        ((HEARD, HEARD_BETTER, LOUD_BUT_CUT, NOT_HEARD, MUTE), "far"),
        ((HEARD, LOUD_BUT_CUT), "near"),
        ((LOUD_BUT_CUT, NOT_HEARD, MUTE), "cut"),
        ((NOT_HEARD, MUTE), "deaf"),
        ((MUTE,), "mute"),
    ],
)
def test_the_microphone_that_heard_most_speaks(answers, camera_id):
    """Heard by one is heard, in whatever order they answer."""
    for order in itertools.permutations(answers):
        verdict = judge(LISTENING, order)
        best = dict(answers)[camera_id]
        assert (verdict.camera_id, verdict.hearing) == (camera_id, best.hearing)
        assert (verdict.score, verdict.threshold) == (best.score, THRESHOLD)


def test_without_a_camera_nothing_is_claimed():
    """A loudspeaker that no camera hears has no proof, and no blame."""
    verdict = judge(LISTENING, ())
    assert (verdict.camera_id, verdict.hearing) == (None, Hearing.INCONCLUSIVE)
    assert "no camera" in verdict.detail


def test_loudspeakers_that_one_camera_hears_are_not_told_apart():
    """The proof says what it cannot say."""
    verdict = judge(LISTENING, (HEARD,), sharers={"loa-3", "loa-2"})
    assert "loa-2, loa-3" in verdict.detail
    assert judge(LISTENING, (NOT_HEARD,), sharers={"loa-2"}).detail == ""


def test_a_long_reason_fits_its_event():
    """However many loudspeakers there are."""
    sharers = {f"loa-{number}" for number in range(100)}
    assert len(judge(LISTENING, (HEARD,), sharers=sharers).detail) <= 200
