"""Cameras at rest are looked at one after another; whoever finds something holds up no other."""

import threading

import pytest

from edge_agent.vision.intake.turns import HELPED_AFTER_S, Turns


def test_turns_taken_together_are_taken_by_one_thread_in_their_order() -> None:
    turns, taken, done = Turns(workers=2), [], threading.Event()
    for number in range(20):
        turns.take_together(lambda n=number: taken.append((n, threading.current_thread().name)))  # type: ignore[misc]
    turns.take_together(done.set)
    assert not done.wait(0.1)
    turns.begin()
    assert done.wait(5.0)
    turns.stop()
    assert [number for number, _ in taken] == list(range(20))
    assert len({name for _, name in taken}) == 1


def test_a_turn_that_takes_long_holds_up_no_other() -> None:
    """Another thread goes on with those that wait, once one has taken long."""
    turns, first, rest = Turns(workers=1), threading.Event(), threading.Event()
    turns.take_together(lambda: threading.Event().wait(0.06))  # type: ignore[arg-type]
    turns.take_together(lambda: first.wait(10.0))  # type: ignore[arg-type]
    turns.take_together(rest.set)
    turns.begin()
    assert rest.wait(5.0)
    first.set()
    turns.stop()


def test_a_turn_that_does_not_end_holds_up_those_of_the_next_round_no_longer() -> None:
    """One camera, whatever goes wrong with it, blinds no other."""
    turns, begun, ends, rest = Turns(workers=1), *(threading.Event() for _ in range(3))

    def never_end() -> None:
        begun.set()
        ends.wait(10.0)

    turns.take_together(never_end)
    turns.take_together(rest.set)
    turns.begin()
    assert begun.wait(5.0)
    assert not rest.wait(2 * HELPED_AFTER_S)
    turns.begin()
    taken = rest.wait(5.0)
    ends.set()
    turns.stop()
    assert taken


@pytest.mark.parametrize("error", [IndexError, ZeroDivisionError])
def test_a_turn_that_fails_leaves_the_others_theirs(error: type[Exception]) -> None:
    turns, rest = Turns(workers=1), threading.Event()

    def fail() -> None:
        raise error

    turns.take_together(fail)
    turns.take_together(rest.set)
    turns.begin()
    assert rest.wait(5.0)
    turns.stop()


def test_a_turn_of_its_own_does_not_wait_for_those_together() -> None:
    turns, held, done = Turns(workers=1), threading.Event(), threading.Event()
    turns.take_together(lambda: held.wait(10.0))  # type: ignore[arg-type]
    turns.begin()
    turns.take(done.set)
    assert done.wait(5.0)
    held.set()
    turns.stop()


def test_once_stopped_no_turn_begins() -> None:
    turns, taken = Turns(workers=1), []
    turns.take_together(lambda: taken.append(1))
    turns.stop()
    turns.begin()
    assert not taken
