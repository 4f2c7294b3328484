"""What a camera claims is told once per change, however its detector flickers or its line breaks."""

import itertools

from hypothesis import example, given
from hypothesis import strategies as st

from contracts.events import CameraClaim
from edge_agent.cameras.claims.claims import CONFIRM_S, OFF_DELAY_S, Claims, Statement

TOPIC = "RuleEngine/TamperDetector/Tamper"


def say(active: bool | None, at_s: float, *, replay: bool = False, about: str = "") -> Statement:
    return Statement(
        claim=CameraClaim.TAMPER,
        onvif_topic=TOPIC,
        rule="r",
        about=about,
        active=active,
        is_replay=replay,
        at_s=at_s,
    )


def told(changes) -> list[tuple[bool, float]]:
    return [(change.active, change.at_s) for change in changes]


def test_a_claim_begins_at_once_and_ends_when_it_was_over():
    """The end is told late, but with its true time."""
    claims = Claims()
    assert told(claims.hear(say(True, 100))) == [(True, 100)]
    assert told(claims.hear(say(False, 130))) == []
    assert told(claims.settle(130 + OFF_DELAY_S - 0.1)) == []
    assert told(claims.settle(130 + OFF_DELAY_S)) == [(False, 130)]
    assert told(claims.settle(1_000)) == []


def test_what_holds_at_the_first_subscription_is_nothing_new():
    """A gateway that starts tells nothing of yesterday; the end of it is a change."""
    claims = Claims()
    assert claims.hear(say(True, 100, replay=True)) == ()
    assert told(claims.hear(say(True, 101))) == []
    claims.hear(say(False, 150))
    assert told(claims.settle(200)) == [(False, 150)]


def test_a_remark_that_is_repeated_to_a_new_subscriber_is_not_made_again():
    """Some cameras repeat what has no state; when it was said nobody knows."""
    claims = Claims()
    assert claims.hear(say(None, 100, replay=True)) == ()
    assert list(claims.spells()) == []
    assert told(claims.hear(say(None, 105))) == [(False, 105)]


def test_what_changed_while_the_line_was_broken_is_told_once():
    """After subscribing again the camera repeats what holds; only differences are told."""
    for before, after in ((False, True), (True, False), (True, True), (False, False)):
        claims = Claims()
        claims.hear(say(before, 100))
        claims.lose(200)
        assert told(claims.settle(5_000)) == [], "while nobody can hear it nothing is known"
        claims.regain(5_000)
        changes = [*claims.hear(say(after, 5_001, replay=True)), *claims.settle(9_000)]
        assert told(changes) == ([] if before == after else [(after, 5_001)])


def test_what_the_camera_does_not_repeat_is_over_since_it_was_last_heard():
    """A camera that started again has forgotten what it claimed."""
    claims = Claims()
    claims.hear(say(True, 100))
    claims.lose(200)
    claims.regain(300)
    assert told(claims.settle(300 + CONFIRM_S - 1)) == []
    assert told(claims.settle(300 + CONFIRM_S)) == [(False, 200)]


def test_a_camera_that_is_lost_twice_may_still_repeat_what_holds():
    """The line broke again before it could; what it does not repeat was last known before the first."""
    for is_repeated in (True, False):
        claims = Claims()
        claims.hear(say(True, 100))
        for lost_s, heard_again_s in ((200, 300), (310, 5_000)):
            claims.lose(lost_s)
            claims.regain(heard_again_s)
            assert told(claims.settle(heard_again_s + 1)) == []
        again = claims.hear(say(True, 5_002, replay=True)) if is_repeated else ()
        assert told([*again, *claims.settle(9_000)]) == ([] if is_repeated else [(False, 200)])


def test_a_rule_holds_while_it_holds_for_any_object():
    """Two people in a field are one intrusion until both have left."""
    claims = Claims()
    changes = [
        *claims.hear(say(True, 100, about="ObjectId 1")),
        *claims.hear(say(True, 105, about="ObjectId 2")),
        *claims.hear(say(False, 110, about="ObjectId 1")),
        *claims.hear(say(False, 150, about="ObjectId 2")),
        *claims.settle(1_000),
    ]
    assert told(changes) == [(True, 100), (False, 150)]


@given(st.lists(st.floats(0.05, OFF_DELAY_S - 0.1), min_size=1, max_size=60))
def test_a_flickering_detector_is_one_claim(gaps_s):
    """However often it comes and goes within ten seconds: one begin, one end."""
    claims, at_s, changes = Claims(), 100.0, []
    for number, gap_s in enumerate(gaps_s):
        changes += claims.hear(say(number % 2 == 0, at_s))
        changes += claims.settle(at_s)
        at_s += gap_s
    changes += [*claims.hear(say(False, at_s)), *claims.settle(at_s + OFF_DELAY_S)]
    assert [change.active for change in changes] == [True, False]


@given(st.lists(st.integers(1, 60), max_size=60))
def test_remarks_do_not_flood(gaps_s):
    """Remarks that follow each other within ten seconds are one; a later one is told."""
    claims, at_s = Claims(), 100.0
    count = len(claims.hear(say(None, at_s)))
    for gap_s in gaps_s:
        at_s += gap_s
        count += len(claims.hear(say(None, at_s)))
    assert count == 1 + sum(gap_s >= OFF_DELAY_S for gap_s in gaps_s)


STEPS = st.lists(
    st.tuples(st.sampled_from(["on", "off", "replay on", "replay off", "lose", "regain"]), st.floats(0.1, 90)),
    max_size=60,
)  # fmt: skip


@given(STEPS)
@example([("on", 1), ("lose", 1), ("regain", 1), ("lose", 1), ("regain", 80), ("replay on", 1)])
def test_begins_and_ends_alternate_and_replays_of_what_is_known_tell_nothing(steps):
    """Whatever comes in whatever order: never two begins, never two ends; a repetition is no news."""
    claims, at_s, known, changes, heard_again_s = Claims(), 100.0, None, [], 0.0
    for step, gap_s in steps:
        at_s += gap_s
        ends = list(claims.settle(at_s))
        changes += ends
        if ends and known:
            assert at_s >= heard_again_s + CONFIRM_S, "the camera may still repeat it"
            known = False
        if step == "regain":
            heard_again_s = at_s
        if step in {"lose", "regain"}:
            (claims.lose if step == "lose" else claims.regain)(at_s)
            continue
        active = step.endswith("on")
        is_known = known == active
        new = claims.hear(say(active, at_s, replay=step.startswith("replay")))
        begins = [change for change in new if change.active]
        if known is None and step.startswith("replay"):
            assert not begins, "what held before anybody listened is no news"
        if is_known and active:
            assert not begins, "it was known already"
        changes += new
        known = active
    changes += claims.settle(at_s + 1_000)
    states = [change.active for change in changes]
    assert all(one != other for one, other in itertools.pairwise(states))


@given(st.lists(st.floats(OFF_DELAY_S + 0.1, 500), max_size=40))
def test_every_lasting_change_is_told_exactly_once(gaps_s):
    """What holds longer than the delay is told, in order, with its time."""
    claims, at_s, changes, expected = Claims(), 100.0, [], []
    for number, gap_s in enumerate(gaps_s):
        changes += claims.hear(say(number % 2 == 0, at_s))
        expected.append((number % 2 == 0, at_s))
        at_s += gap_s
        changes += claims.settle(at_s)
    assert told(changes) == expected


def test_a_camera_with_endless_rules_does_not_fill_the_memory():
    """A faulty camera that invents rules is listened to up to a bound, and that is known."""
    claims = Claims()
    for number in range(1_000):
        claims.hear(
            Statement(
                claim=CameraClaim.OTHER,
                onvif_topic=f"RuleEngine/{number}",
                rule="r",
                active=True,
                at_s=number,
            )
        )
    assert claims.is_full
    assert len(list(claims.spells())) == 100


def test_a_camera_whose_times_go_back_and_forth_does_not_flood():
    """However it dates what it says, a rule tells no more within a minute than its delay allows."""
    for state in (True, None):
        claims, changes = Claims(), []
        for _, age_s in itertools.product(range(100), (60, 45, 30, 15, 0)):
            changes += claims.hear(say(state, 1_000 - age_s))
            changes += claims.hear(say(False, 1_000 - age_s)) if state else ()
            changes += claims.settle(1_000)
        assert len(changes) <= 2 * (60 / OFF_DELAY_S + 1)
