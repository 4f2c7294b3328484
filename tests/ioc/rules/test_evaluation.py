"""Events through rules: matching, counting, sequences, schedules, rules on rules."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.rules.evaluation.happenings import Ending, object_id
from ioc.rules.evaluation.schedule import compile_schedule
from ioc.rules.evaluation.thresholds import Standing, Turn, beyond, change_percent, judge
from ioc.rules.evaluation.windows import Counter, Steps
from ioc.rules.language.document import Band, RuleShape
from tests.ioc.rules.happened import START, ZONE, book_of, fired, happening

SEQUENCE = """
rules:
  - id: a-b
    name: A rồi B
    sequence:
      within_s: 60
      same: area
      steps:
        - event: {kind: loitering.started}
        - event: {kind: littering.confirmed}
"""


@pytest.mark.parametrize(
    ("where", "fields", "holds"),
    [
        ("{zone: Cổng}", {"zone": "Cổng"}, True),
        ("{zone: Cổng}", {"zone": "cổng"}, False),
        ("{zone: {contains: CỔNG}}", {"zone": "Sau cổng làng"}, True),
        ("{zone: {is_not: Cổng}}", {"zone": "Ao"}, True),
        ("{zone: [Ao, Cổng]}", {"zone": "Cổng"}, True),
        ("{zone: {not_in: [Ao, Cổng]}}", {"zone": "Cổng"}, False),
        ("{present_s: {above: 10, at_most: 20}}", {"present_s": 20.0}, True),
        ("{present_s: {above: 10}}", {"present_s": 10}, False),
        ("{present_s: {at_least: 10}}", {"present_s": 10}, True),
        ("{present_s: {below: 10}}", {"present_s": 9.5}, True),
        ("{present_s: {below: 10}}", {}, False),
        ("{zone: {is_not: Cổng}}", {"zone": None}, False),
    ],
)
def test_fields_are_compared(where: str, fields: dict[str, object], *, holds: bool) -> None:
    """A comparison holds or not; a field that is not there never does."""
    book = book_of(
        f"rules:\n  - id: a\n    name: A\n    event: {{kind: intrusion.started, where: {where}}}\n"
    )
    assert fired(book, happening("intrusion.started", **fields)) == [["a"] if holds else []]


def test_places_narrow_a_rule() -> None:
    """Gateways, devices and areas (with all below them) say where a rule is in force."""
    book = book_of(
        "rules:\n"
        "  - {id: xa, name: A, areas: [xa], event: {kind: device.down}}\n"
        "  - {id: na, name: A, areas: [na-lang], event: {kind: device.down}}\n"
        "  - {id: tu, name: A, event: {kind: device.down, gateways: [tu-2]}}\n"
        "  - {id: cam, name: A, event: {kind: device.down, devices: [cam-1]}}\n"
    )
    assert fired(
        book,
        happening("device.down"),
        happening("device.down", area="na-lang", gateway="tu-2", device="cam-2"),
        happening("device.up"),
    ) == [["xa", "cam"], ["xa", "na", "tu"], []]


def test_steps_must_come_in_order_within_the_window_at_one_place() -> None:
    """A then B within a minute in one area fires; too late, elsewhere or the other way does not."""
    a, b = "loitering.started", "littering.confirmed"
    assert fired(book_of(SEQUENCE), happening(a, 0), happening(b, 60)) == [[], ["a-b"]]
    assert fired(book_of(SEQUENCE), happening(a, 0), happening(b, 61)) == [[], []]
    assert fired(book_of(SEQUENCE), happening(b, 0), happening(a, 30)) == [[], []]
    elsewhere = happening(b, 30, area="na-lang")
    assert fired(book_of(SEQUENCE), happening(a, 0), elsewhere) == [[], []]
    beside = happening(b, 30, device="cam-2", gateway="tu-2")
    assert fired(book_of(SEQUENCE), happening(a, 0), beside) == [[], ["a-b"]]


def test_what_arrives_in_another_order_counts_by_when_it_happened() -> None:
    """The first step may come late from the outbox: the sequence is complete then."""
    a = happening("loitering.started", 0, late=True)
    b = happening("littering.confirmed", 30)
    assert fired(book_of(SEQUENCE), b, a) == [[], ["a-b"]]


def test_the_same_event_again_fires_alike() -> None:
    """A batch whose transaction failed is taken again and does the same."""
    book = book_of(
        "rules:\n  - {id: a, name: A, event: {kind: device.down}, times: 2, within_s: 60}\n"
    )
    first, second = happening("device.down", 0), happening("device.down", 30)
    assert fired(book, first, first, second, second) == [[], [], ["a"], ["a"]]


def test_rules_build_on_rules_and_end_by_events() -> None:
    """A rule's firing is a step of another; the event that ends one is told at the same place."""
    book = book_of("""
rules:
  - id: ca-hai
    name: Cả hai
    sequence: {within_s: 600, same: gateway, steps: [{rule: hai-lan}, {event: {kind: device.up}}]}
  - id: hai-lan
    name: Hai lần
    event: {kind: device.down}
    times: 2
    within_s: 300
    ends: {kind: device.up}
""")
    one, two = happening("device.down", 0), happening("device.down", 100)
    assert fired(book, one, two) == [[], ["hai-lan"]]
    outcomes = book.evaluate(happening("device.up", 200))
    told = {each.rule.rule_id: isinstance(each, Ending) for each in outcomes}
    assert told == {"hai-lan": True, "ca-hai": False}
    assert book.remembered_kinds == {"device.down.v1", "device.up.v1"}
    assert book.remembered >= timedelta(seconds=900)


def test_a_reason_writes_numbers_as_its_language_does() -> None:
    """A comma in Vietnamese, a point in English."""
    book = book_of("""
rules:
  - id: a
    name: A
    sequence:
      within_s: 900
      same: gateway
      steps: [{event: {kind: device.down}}, {event: {kind: device.up}}]
""")
    book.evaluate(happening("device.down", 0))
    (firing,) = book.evaluate(happening("device.up", 90))
    assert firing.why.vi.endswith("trong 1,5 phút.")
    assert firing.why.en.endswith("within 1.5 min.")


def test_what_stands_behind_a_rule_stands_behind_those_that_build_on_it() -> None:
    """An intrusion at the beginning is there at every level, each event once and in order."""
    book = book_of("""
rules:
  - id: ba
    name: Ba
    sequence: {within_s: 900, same: gateway, steps: [{rule: hai}, {event: {kind: device.up}}]}
  - id: hai
    name: Hai
    sequence: {within_s: 900, same: gateway, steps: [{rule: mot}, {event: {kind: loitering.started}}]}
  - id: mot
    name: Một
    sequence:
      within_s: 900
      same: gateway
      steps: [{event: {kind: intrusion.started}}, {event: {kind: device.down}}]
""")
    kinds = ("intrusion.started", "device.down", "loitering.started", "device.up")
    happened = [happening(kind, 10 * number) for number, kind in enumerate(kinds)]
    for each in happened:
        outcomes = [*book.evaluate(each), *book.evaluate(each)]
    assert [each.rule.rule_id for each in outcomes] == ["ba", "ba"]
    assert {each.behind for each in outcomes} == {tuple(each.event_id for each in happened)}


def test_hours_over_midnight_belong_to_the_day_they_begin() -> None:
    """Saturday's 22:00-05:00 lasts until Sunday 05:00, in the commune's time."""
    rule = RuleShape.model_validate(
        {"id": "a", "name": "A", "hours": ["22:00-05:00"], "days": ["sat"]}
    )
    holds = compile_schedule(rule, ZONE)

    def local(day: int, hour: int, minute: int = 0) -> datetime:
        return datetime(2026, 11, day, hour, minute, tzinfo=ZONE).astimezone(UTC)

    told = [holds(local(*at)) for at in ((7, 21, 59), (7, 22), (8, 4, 59), (8, 5), (8, 22), (7, 3))]
    assert told == [False, True, True, False, False, False]
    assert START.astimezone(ZONE).hour == 22


_INSTANTS = st.lists(st.integers(0, 200), min_size=1, max_size=25)


@given(_INSTANTS, st.integers(2, 5), st.integers(1, 60))
def test_counting_does_not_depend_on_the_order_of_arrival(
    instants: list[int], times: int, within: int
) -> None:
    """Somebody is called exactly if so many fall into one window, however they arrive."""
    counter = Counter(times=times, within_s=within)
    told = [
        counter.note("s", (START + timedelta(seconds=at), f"{index:03}"))
        for index, at in enumerate(instants)
    ]
    ordered = sorted(instants)
    expected = any(b - a <= within for a, b in zip(ordered, ordered[times - 1 :], strict=False))
    assert any(told) == expected
    for index, window in enumerate(window for window in told if window):
        assert len(window) == times, index
        assert window[-1][0] - window[0][0] <= timedelta(seconds=within)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 100)), max_size=20), st.integers(1, 60))
def test_sequences_do_not_depend_on_the_order_of_arrival(
    noted: list[tuple[int, int]], within: int
) -> None:
    """Somebody is called exactly if three steps follow each other within the window."""
    steps = Steps(count=3, within_s=within)
    told = [
        steps.note("s", step, (START + timedelta(seconds=at), f"{index:03}"))
        for index, (step, at) in enumerate(noted)
    ]
    at_step = [[at for step, at in noted if step == wanted] for wanted in range(3)]
    expected = any(
        a <= b <= c and c - a <= within for a in at_step[0] for b in at_step[1] for c in at_step[2]
    )
    assert any(chain is not None for chain in told) == expected


@given(
    st.lists(st.one_of(st.none(), st.floats(0, 10)), max_size=40),
    st.integers(0, 5),
    st.integers(0, 5),
)
def test_a_condition_begins_and_ends_by_turns_and_only_after_its_delays(
    values: list[float | None], on_s: int, off_s: int
) -> None:
    """Begin and end alternate; before each the value was continuously on that side for the delay."""
    rule = RuleShape.model_validate(
        {"id": "a", "name": "A", "on_delay_s": on_s, "off_delay_s": off_s}
    )
    band = Band(above=6.0, clear_at=4.0)
    standing, turns = Standing(), []
    for second, value in enumerate(values):
        at = START + timedelta(seconds=second)
        held = beyond(band, value, active=standing.active)
        standing, turn = judge(standing, holds=held, at=at, rule=rule)
        if turn is None:
            continue
        turns.append(turn)
        delay = on_s if turn is Turn.BEGUN else off_s
        lately = values[second - delay : second + 1]
        assert None not in lately
        assert all((v > 6.0) if turn is Turn.BEGUN else (v <= 4.0) for v in lately)
    assert turns == [Turn.BEGUN if index % 2 == 0 else Turn.ENDED for index in range(len(turns))]


def test_nothing_is_compared_with_nothing() -> None:
    """A week without values, or of zeros, gives no change to judge."""
    assert change_percent(1.0, None) is None
    assert change_percent(1.0, 0.0) is None
    assert change_percent(3.0, 2.0) == 50.0
    assert beyond(Band(above=1.0), None, active=True) is None


def test_objects_of_alarms_fit_their_column() -> None:
    """However long the ids, a rule's alarm has an object of at most 80 characters."""
    assert object_id("a", "tu-1/cam-1") == "a/tu-1/cam-1"
    assert len(object_id("r" * 40, f"{'g' * 63}/{'d' * 63}")) <= 80
