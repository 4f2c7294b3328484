"""What came of a talk-down: one answer for each, whatever is seen."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Answer
from edge_agent.loudspeakers.talk_downs.answers import WINDOW_S, Answers, Watch
from edge_agent.loudspeakers.talk_downs.incidents import Ending
from tests.edge_agent.loudspeakers.talk_down_maker import OBJECT, incident, moment

NOON = datetime(2026, 1, 5, 5, tzinfo=UTC)


BROADCAST = "33333333-0000-4000-8000-{:012}".format
THING = "22222222-0000-4000-8000-{:012}".format


def at(second: float):
    return moment(1_000 + second, NOON + timedelta(seconds=second))


def watch(broadcast_id: str = BROADCAST(0), second: float = 0, **changes) -> Watch:
    seen = incident(at(second), **changes)
    return Watch(broadcast_id=broadcast_id, incident=seen, heard_from=at(second))


def told(pairs) -> list[tuple[Answer, float]]:
    return [(answered.answer, answered.after_s) for _, answered in pairs]


def expect(**changes) -> Answers:
    answers = Answers()
    answers.expect(watch(**changes))
    return answers


def test_who_goes_has_left():
    """With the seconds since the first sound."""
    left = Ending(object_id=OBJECT, answer=Answer.LEFT, moment=at(7))
    assert told(expect().take_ending(left)) == [(Answer.LEFT, 7)]


def test_who_is_still_there_after_half_a_minute_has_stayed():
    """Of an object nobody knows where its owner is."""
    stayed, thing = expect(), expect(cause="littering")
    assert not stayed.expire(at(WINDOW_S - 1))
    assert told(stayed.expire(at(WINDOW_S))) == [(Answer.STAYED, WINDOW_S)]
    assert told(thing.expire(at(WINDOW_S))) == [(Answer.UNKNOWN, WINDOW_S)]


def test_a_camera_that_sees_nothing_knows_nothing():
    """Another camera's loss of sight does not concern it."""
    answers = expect()
    assert not answers.lose_sight("cam2", at(3))
    assert told(answers.lose_sight("cam1", at(3))) == [(Answer.UNKNOWN, 3)]


SIGHTS = st.lists(
    st.one_of(
        st.tuples(st.just("speak"), st.integers(0, 3)),
        st.tuples(st.just("end"), st.integers(0, 3)),
        st.tuples(st.just("lose"), st.integers(0, 1)),
        st.tuples(st.just("wait"), st.integers(1, 40)),
    ),
    max_size=40,
)


@given(SIGHTS)
def test_every_talk_down_gets_exactly_one_answer(sights):
    """However sightings, losses of sight and time follow one another."""
    answers, counts, spoken, second = Answers(), Counter(), 0, 0.0
    for kind, number in sights:
        match kind:
            case "speak":
                spoken += 1
                camera = f"cam{number % 2}"
                one = watch(BROADCAST(spoken), second, object_id=THING(number), camera_id=camera)
                answers.expect(one)
                pairs = []
            case "end":
                ending = Ending(object_id=THING(number), answer=Answer.LEFT, moment=at(second))
                pairs = answers.take_ending(ending)
            case "lose":
                pairs = answers.lose_sight(f"cam{number}", at(second))
            case _:
                second += number
                pairs = answers.expire(at(second))
        counts.update(one.broadcast_id for one, _ in pairs)
        assert all(answered.after_s >= 0 for _, answered in pairs)
    counts.update(one.broadcast_id for one, _ in answers.expire(at(second + WINDOW_S)))
    assert counts == Counter(BROADCAST(number) for number in range(1, spoken + 1))
    assert not len(answers)
