"""When a camera's claim and a sighting of ours say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import CameraClaim
from edge_agent.cameras.claims.claims import OFF_DELAY_S, Statement
from edge_agent.cameras.claims.corroboration import (
    LATER_S,
    WINDOW_S,
    Corroboration,
    Sighting,
)


def say(claim: CameraClaim, active: bool | None, at_s: float, *, replay=False) -> Statement:
    return Statement(
        claim=claim,
        onvif_topic=f"RuleEngine/{claim}",
        rule="r",
        active=active,
        is_replay=replay,
        at_s=at_s,
    )


def littering(at_s: float = 1_000, object_id: str = "bag") -> Sighting:
    return Sighting(kind="littering", object_id=object_id, since_s=at_s - 10, at_s=at_s)


def intrusion(at_s: float) -> Sighting:
    return Sighting(kind="intrusion", object_id="him", since_s=at_s - 2, at_s=at_s)


def spoiled(at_s: float) -> Sighting:
    return Sighting(kind="spoiled", object_id="", since_s=at_s, at_s=at_s)


def test_an_object_that_the_camera_saw_first_is_corroborated():
    """The camera's remark shortly before ours stands beside it."""
    corroboration = Corroboration()
    (report,) = corroboration.hear(say(CameraClaim.OBJECT_LEFT, None, 995))
    assert report.corroborates is None, "there was nothing yet to agree with"
    (spell,) = corroboration.see(littering(1_000))
    assert (spell.claim, spell.since_s) == (CameraClaim.OBJECT_LEFT, 995)


def test_an_object_that_the_camera_sees_later_is_corroborated_then():
    """The later claim names our object, as long as it lies there, and so does its end."""
    corroboration = Corroboration()
    corroboration.see(littering(1_000))
    (report,) = corroboration.hear(say(CameraClaim.OBJECT_LEFT, True, 1_090))
    assert report.corroborates == "bag"
    corroboration.see_end("bag", 1_100)
    corroboration.hear(say(CameraClaim.OBJECT_LEFT, False, 1_120))
    (end,) = corroboration.settle(1_140)
    assert end.corroborates == "bag", "who reads of the bag learns that the claim is over"
    (report,) = corroboration.hear(say(CameraClaim.OBJECT_LEFT, True, 1_200))
    assert report.corroborates is None


@pytest.mark.parametrize("later_s", [LATER_S + 1, 86_400])
def test_a_much_later_object_is_another_one(later_s):
    """What the camera calls left hours later is not the bag of this morning."""
    corroboration = Corroboration()
    corroboration.see(littering(1_000))
    (report,) = corroboration.hear(say(CameraClaim.OBJECT_LEFT, None, 1_000 + later_s))
    assert report.corroborates is None


def test_an_object_the_camera_has_long_called_left_is_another_one():
    """A claim that stands since this morning, or that held when first heard of, proves nothing."""
    for statement in (
        say(CameraClaim.OBJECT_LEFT, True, 500),
        say(CameraClaim.OBJECT_LEFT, True, 995, replay=True),
    ):
        corroboration = Corroboration()
        corroboration.hear(statement)
        assert corroboration.see(littering(1_000)) == ()


@pytest.mark.parametrize("claim", [CameraClaim.OBJECT_LEFT, CameraClaim.OBJECT_REMOVED])
def test_what_began_while_nobody_listened_is_about_another_object(claim):
    """It is news, but may be hours old: neither our bags from before nor the next ones agree."""
    corroboration = Corroboration()
    corroboration.hear(say(claim, False, 100))
    corroboration.claims.lose(200)
    corroboration.see(littering(4_980, "taken"))
    corroboration.see_end("taken", 4_990)
    corroboration.see(littering(4_995, "there"))
    corroboration.claims.regain(5_000)
    (report,) = corroboration.hear(say(claim, True, 5_001, replay=True))
    assert (report.change.active, report.corroborates) == (True, None)
    assert corroboration.see(littering(5_005, "next")) == ()
    corroboration.hear(say(claim, False, 5_100))
    assert [end.corroborates for end in corroboration.settle(5_200)] == [None]


def test_a_taken_object_is_corroborated_by_its_removal():
    """The camera noticed the same, and only of an object that is gone."""
    corroboration = Corroboration()
    corroboration.see(littering(1_000, "gone"))
    corroboration.see(littering(1_001, "there"))
    corroboration.see_end("gone", 1_050)
    (report,) = corroboration.hear(say(CameraClaim.OBJECT_REMOVED, None, 1_060))
    assert report.corroborates == "gone"


def test_the_end_of_a_claim_that_came_first_names_the_sighting():
    """The event of the sighting told that the camera agrees; its end must be found there too."""
    corroboration = Corroboration()
    corroboration.hear(say(CameraClaim.OBJECT_LEFT, True, 995))
    corroboration.see(littering(1_000))
    corroboration.hear(say(CameraClaim.OBJECT_LEFT, False, 1_500))
    (end,) = corroboration.settle(1_600)
    assert end.corroborates == "bag"
    corroboration.hear(say(CameraClaim.OBJECT_LEFT, True, 9_000))
    corroboration.hear(say(CameraClaim.OBJECT_LEFT, False, 9_100))
    (end,) = corroboration.settle(9_200)
    assert end.corroborates is None, "another claim, another time"


@pytest.mark.parametrize("interruption", ["over", "over for a moment", "not heard for a moment"])
def test_the_end_of_a_claim_that_was_just_interrupted_names_the_sighting(interruption):
    """The event of the sighting told that the camera agrees; what it tells of the end belongs there."""
    corroboration = Corroboration()
    corroboration.hear(say(CameraClaim.MOTION, True, 990))
    if interruption == "not heard for a moment":
        corroboration.claims.lose(996)
    else:
        corroboration.hear(say(CameraClaim.MOTION, False, 996))
    assert corroboration.see(intrusion(1_000))
    corroboration.claims.regain(1_001)
    if interruption != "over":
        corroboration.hear(say(CameraClaim.MOTION, True, 1_002, replay=True))
        corroboration.hear(say(CameraClaim.MOTION, False, 1_500))
    (end,) = corroboration.settle(1_600)
    assert (end.change.active, end.corroborates) == (False, "him")


def test_motion_supports_an_intrusion_but_names_none():
    """Motion agrees with somebody being there; it is too vague to be called the same later."""
    corroboration = Corroboration()
    corroboration.hear(say(CameraClaim.MOTION, True, 999))
    assert len(corroboration.see(intrusion(1_000))) == 1
    corroboration.hear(say(CameraClaim.MOTION, False, 1_001))
    corroboration.settle(1_020)
    (again,) = corroboration.hear(say(CameraClaim.MOTION, True, 1_030))
    assert again.corroborates is None
    (report,) = corroboration.hear(say(CameraClaim.INTRUSION, True, 1_031))
    assert report.corroborates == "him"
    corroboration.see_nobody(1_040)
    (report,) = corroboration.hear(say(CameraClaim.LOITERING, True, 1_041))
    assert report.corroborates is None


def test_what_is_claimed_of_something_else_agrees_with_nothing():
    """Tampering is no litter, motion is no tampering."""
    corroboration = Corroboration()
    for claim in (CameraClaim.TAMPER, CameraClaim.MOTION, CameraClaim.OTHER):
        corroboration.hear(say(claim, True, 1_000))
    assert corroboration.see(littering(1_000)) == ()
    assert {spell.claim for spell in corroboration.supporting(spoiled(1_000))} == {
        CameraClaim.TAMPER
    }


def test_a_camera_that_cannot_be_heard_corroborates_nothing_later():
    """Who is silent since five minutes did not see what happens now."""
    corroboration = Corroboration()
    corroboration.hear(say(CameraClaim.TAMPER, True, 1_000))
    assert corroboration.supporting(spoiled(2_000))
    corroboration.claims.lose(1_100)
    assert corroboration.supporting(spoiled(1_100 + WINDOW_S))
    assert not corroboration.supporting(spoiled(1_101 + WINDOW_S))
    corroboration.claims.regain(1_200)
    assert not corroboration.supporting(spoiled(1_201)), "not before the camera repeats it"
    corroboration.hear(say(CameraClaim.TAMPER, True, 1_202, replay=True))
    assert corroboration.supporting(spoiled(1_203))


@given(
    began_s=st.floats(100, 10_000),
    lasted_s=st.floats(0, 1_000),
    at_s=st.floats(100, 12_000),
    is_settled=st.booleans(),
)
def test_a_claim_counts_from_a_window_before_to_a_window_after(began_s, lasted_s, at_s, is_settled):
    """Never for what we see later than that, told ended or not, and always within."""
    corroboration = Corroboration()
    ended_s = began_s + lasted_s
    corroboration.hear(say(CameraClaim.TAMPER, True, began_s))
    corroboration.hear(say(CameraClaim.TAMPER, False, ended_s))
    if is_settled:
        corroboration.settle(ended_s + OFF_DELAY_S + 1)
    agrees = bool(corroboration.supporting(spoiled(at_s)))
    assert agrees == (began_s - WINDOW_S <= at_s <= ended_s + WINDOW_S)


def test_endless_sightings_do_not_fill_the_memory():
    """Only the last hundred can still be corroborated."""
    corroboration = Corroboration()
    for number in range(1_000):
        corroboration.see(littering(1_000, str(number)))
    assert len(corroboration._sightings) == 100
