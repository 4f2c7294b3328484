"""When a gateway speaks by itself: hours, night, rest, so many a day, and never late."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import WithheldReason
from edge_agent.loudspeakers.talk_downs.decision import (
    History,
    Present,
    Utterance,
    decide,
    find_answers,
)
from tests.edge_agent.loudspeakers.talk_down_maker import (
    DAY,
    NIGHT,
    VIETNAM,
    incident,
    moment,
    talk_down,
)

NOON = datetime(2026, 1, 5, 5, tzinfo=UTC)
"""12:00 in Vietnam."""


def decided(one, *, at=NOON, history=None, seen_ago_s=0.0, is_known=True):
    present = moment(5_000, at)
    return decide(
        one,
        incident(moment(5_000 - seen_ago_s, at)),
        history or History(),
        Present(moment=present, local=at.astimezone(VIETNAM) if is_known else None),
    )


def test_by_night_it_says_the_night_words_more_quietly():
    """Over midnight; by day the day's words at the day's volume."""
    one = talk_down(night_audio=NIGHT, night="22:00-05:00", night_volume_db=-9)
    assert decided(one) == Utterance(audio=DAY)
    for hour in (15, 16, 21):  # 22:00, 23:00 and 04:00 in Vietnam
        at = datetime(2026, 1, 5, hour, tzinfo=UTC)
        assert decided(one, at=at) == Utterance(audio=NIGHT, gain_db=-9)
    quiet = decided(talk_down(), at=datetime(2026, 1, 5, 16, tzinfo=UTC))
    assert quiet == Utterance(audio=DAY, gain_db=-6)


@pytest.mark.parametrize(
    ("changes", "how", "reason"),
    [
        ({"hours": ("18:00-20:00",)}, {}, WithheldReason.HOURS),
        ({"daily_limit": 0}, {}, WithheldReason.DAILY_LIMIT),
        ({}, {"seen_ago_s": 30}, WithheldReason.TOO_LATE),
        ({}, {"is_known": False}, WithheldReason.CLOCK_UNKNOWN),
        (
            {"cool_down_s": 60},
            {"history": History(last=moment(4_950, NOON), day=NOON.date(), count=1)},
            WithheldReason.COOL_DOWN,
        ),
    ],
)
def test_it_is_withheld_with_the_reason(changes, how, reason):
    """Nobody has to guess why nothing was said."""
    assert decided(talk_down(**changes), **how) is reason


def test_a_wall_clock_that_went_back_silences_nobody_for_years():
    """Said last in a boot whose clock was wrong: that tells nothing about now."""
    wrong = moment(10, NOON + timedelta(days=2_000), boot_id="another")
    history = History(last=wrong, day=wrong.occurred_at.date(), count=3)
    assert isinstance(decided(talk_down(cool_down_s=60), history=history), Utterance)


def test_the_words_of_a_zone_stand_before_those_of_the_camera():
    """The more particular; another camera's and another cause's are not meant."""
    whole, zone = talk_down(), talk_down(zone="sân")
    elsewhere = talk_down(camera_id="cam2")
    all_of_them = (whole, zone, elsewhere, talk_down(zone="cổng"))
    assert find_answers(all_of_them, incident(moment(0, NOON))) == (zone,)
    assert find_answers(all_of_them, incident(moment(0, NOON), zone="bãi")) == (whole,)
    assert not find_answers(all_of_them, incident(moment(0, NOON), cause="loitering"))


STEPS = st.lists(
    st.tuples(
        st.floats(min_value=0, max_value=30_000),  # seconds until the next sighting
        st.booleans(),  # the gateway restarts before it
    ),
    max_size=60,
)


@given(
    steps=STEPS,
    cool_down_s=st.floats(min_value=0, max_value=7_200),
    daily_limit=st.integers(min_value=0, max_value=5),
)
def test_it_never_speaks_too_often_whatever_happens(steps, cool_down_s, daily_limit):
    """Rest and daily limit hold over restarts, and what they allow is said."""
    one = talk_down(cool_down_s=cool_down_s, daily_limit=daily_limit)
    at, monotonic_s, boot = NOON, 1_000.0, 0
    history, last, said = History(), None, Counter()
    for wait_s, restarts in steps:
        at += timedelta(seconds=wait_s)
        boot, monotonic_s = (boot + 1, 50.0) if restarts else (boot, monotonic_s + wait_s)
        now, local = moment(monotonic_s, at, boot_id=str(boot)), at.astimezone(VIETNAM)
        verdict = decide(one, incident(now), history, Present(moment=now, local=local))
        is_rested = last is None or (at - last).total_seconds() >= cool_down_s - 1e-5
        is_allowed = said[local.date()] < daily_limit
        if isinstance(verdict, Utterance):
            assert is_rested
            assert is_allowed
            history = history.spoken(now, local.date())
            last = at
            said[local.date()] += 1
        else:
            is_due = last is None or (at - last).total_seconds() > cool_down_s + 1e-5
            assert not (is_due and is_allowed)
