"""One thing at a time on a loudspeaker; an emergency always gets through."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.playout.arbiter import (
    Arbiter,
    Priority,
    Turn,
    Verdict,
    decide,
    holds,
    mark_ready,
    next_instant_s,
    request,
    withdraw,
)


def turn(broadcast_id, priority=Priority.ROUTINE, *, number=0, due_s=0.0, expires=None, ready=True):
    return Turn(
        broadcast_id=broadcast_id,
        priority=priority,
        arrival_number=number,
        due_s=due_s,
        expires_at_s=expires,
        ready=ready,
    )


def settle(arbiter, now_s=0.0):
    arbiter, decisions = decide(arbiter, now_s=now_s)
    return arbiter, [(d.verdict.value, d.turn.broadcast_id) for d in decisions]


def test_an_idle_loudspeaker_plays_at_once():
    """What is due and decoded starts."""
    arbiter, said = settle(request(Arbiter(), turn("news")))
    assert said == [("start", "news")]
    assert settle(arbiter) == (arbiter, [])


def test_an_emergency_cuts_in():
    """The lower one is cut before the higher one starts."""
    arbiter, _ = settle(request(Arbiter(), turn("news")))
    arbiter, said = settle(request(arbiter, turn("flood", Priority.EMERGENCY)))
    assert said == [("preempt", "news"), ("start", "flood")]
    assert not holds(arbiter, "news")


def test_an_emergency_does_not_cut_an_emergency():
    """Of two emergencies the one that came first speaks first."""
    arbiter, _ = settle(request(Arbiter(), turn("flood", Priority.EMERGENCY, number=1)))
    arbiter, said = settle(request(arbiter, turn("fire", Priority.EMERGENCY, number=2)))
    assert said == []
    assert settle(withdraw(arbiter, "flood"))[1] == [("start", "fire")]


def test_what_plays_goes_on_until_the_emergency_is_decoded():
    """A loudspeaker is not silenced for an announcement that cannot sound yet."""
    arbiter, _ = settle(request(Arbiter(), turn("news")))
    arbiter = request(arbiter, turn("flood", Priority.EMERGENCY, ready=False))
    arbiter, said = settle(arbiter)
    assert said == []
    assert settle(mark_ready(arbiter, "flood"))[1] == [("preempt", "news"), ("start", "flood")]


def test_a_scheduled_turn_waits_for_its_instant():
    """Nothing starts early, and the next instant is known."""
    arbiter = request(Arbiter(), turn("news", due_s=10.0))
    assert settle(arbiter, 9.9)[1] == []
    assert next_instant_s(arbiter, now_s=9.9) == 10.0
    assert settle(arbiter, 10.0)[1] == [("start", "news")]


def test_what_came_due_first_speaks_first():
    """A programme of 6:00 ordered yesterday does not pass one that has waited since 5:59."""
    arbiter = request(Arbiter(), turn("programme", number=1, due_s=60.0))
    arbiter = request(arbiter, turn("notice", number=2, due_s=59.0))
    assert settle(arbiter, 70.0)[1] == [("start", "notice")]


def test_what_waited_too_long_is_not_said_any_more():
    """An announcement past its time is expired, also while another plays."""
    arbiter, _ = settle(request(Arbiter(), turn("news", number=1)))
    arbiter = request(arbiter, turn("invitation", number=2, expires=30.0))
    assert next_instant_s(arbiter, now_s=0.0) == 30.0
    arbiter, said = settle(arbiter, 30.0)
    assert said == [("expire", "invitation")]
    assert settle(withdraw(arbiter, "news"), 31.0)[1] == []


def test_a_repeated_request_changes_nothing():
    """The same broadcast is not played twice because its order came twice."""
    arbiter, _ = settle(request(Arbiter(), turn("news")))
    assert request(arbiter, turn("news")) == arbiter


REQUESTS = st.builds(
    turn,
    st.sampled_from("abcdefgh"),
    st.sampled_from(Priority),
    number=st.integers(0, 100),
    due_s=st.floats(0, 50),
    expires=st.none() | st.floats(0, 60),
    ready=st.booleans(),
)
STEPS = st.lists(
    st.one_of(
        REQUESTS,
        st.tuples(st.just("ready"), st.sampled_from("abcdefgh")),
        st.tuples(st.just("end"), st.sampled_from("abcdefgh")),
        st.tuples(st.just("wait"), st.floats(0, 20)),
    ),
    max_size=40,
)


@given(STEPS)
def test_whatever_happens_the_rules_hold(steps):
    """Never two at once, never a lower over a higher that could sound, never one too late."""
    arbiter, now_s, sounding = Arbiter(), 0.0, None
    for step in steps:
        arbiter, now_s, sounding = take(arbiter, now_s, sounding, step)
        arbiter, decisions = decide(arbiter, now_s=now_s)
        for decision in decisions:
            sounding = follow(decision, sounding, now_s)
        assert (arbiter.playing.broadcast_id if arbiter.playing else None) == sounding
        check_waiting(arbiter, now_s)


@given(STEPS)
def test_nobody_is_forgotten(steps):
    """Everything taken ends, waits or plays: when time runs on, all that can sound has sounded."""
    arbiter, now_s = Arbiter(), 0.0
    for step in steps:
        arbiter, now_s, _ = take(arbiter, now_s, None, step)
        arbiter, _ = decide(arbiter, now_s=now_s)
    arbiter = replace(arbiter, waiting=tuple(replace(t, ready=True) for t in arbiter.waiting))
    order = []
    for _ in range(20):
        now_s += 100
        arbiter, decisions = decide(arbiter, now_s=now_s)
        order += [d.turn.priority for d in decisions if d.verdict is Verdict.START]
        if arbiter.playing:
            arbiter = withdraw(arbiter, arbiter.playing.broadcast_id)
    assert arbiter == Arbiter()
    assert order == sorted(order, reverse=True)


def take(arbiter, now_s, sounding, step):
    match step:
        case Turn():
            return request(arbiter, step), now_s, sounding
        case ("ready", name):
            return mark_ready(arbiter, name), now_s, sounding
        case ("end", name):
            return withdraw(arbiter, name), now_s, None if sounding == name else sounding
        case ("wait", seconds):
            return arbiter, now_s + seconds, sounding


def follow(decision, sounding, now_s):
    match decision.verdict:
        case Verdict.START:
            assert sounding is None
            assert decision.turn.ready
            assert decision.turn.due_s <= now_s
            assert decision.turn.expires_at_s is None or now_s < decision.turn.expires_at_s
            return decision.turn.broadcast_id
        case Verdict.PREEMPT:
            assert sounding == decision.turn.broadcast_id
            return None
        case Verdict.EXPIRE:
            assert sounding != decision.turn.broadcast_id
            return sounding


def check_waiting(arbiter, now_s):
    due = [t for t in arbiter.waiting if t.due_s <= now_s]
    assert all(t.expires_at_s is None or now_s < t.expires_at_s for t in arbiter.waiting)
    assert len({t.broadcast_id for t in arbiter.waiting}) == len(arbiter.waiting)
    if due:
        best = max(due, key=lambda t: (t.priority, -t.due_s, -t.arrival_number))
        held_back = not best.ready
        assert held_back or (arbiter.playing and arbiter.playing.priority >= best.priority)


def test_a_turn_that_never_becomes_ready_holds_back_its_equals_for_two_seconds_only():
    """A silent station that was ordered first does not keep a flood warning from being said."""
    station = turn("station", Priority.EMERGENCY, number=1, due_s=10.0, ready=False)
    warning = turn("warning", Priority.EMERGENCY, number=2, due_s=10.5)
    routine = turn("routine", number=3, due_s=1.0)
    waiting, said = settle(Arbiter(waiting=(station, warning, routine)), now_s=11.0)
    assert said == []
    assert next_instant_s(waiting, now_s=11.0) == 12.0
    assert settle(waiting, now_s=12.0)[1] == [("start", "warning")]
