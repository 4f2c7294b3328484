"""When a lane sends, repeats and waits."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.ranges import contains, merge
from edge_agent.outbox.sending import (
    LaneProgress,
    after_ack,
    after_sending,
    go_back_when_due,
    may_send,
    repeat_after_s,
    wake_at_s,
)


def test_at_most_eight_batches_are_unacknowledged():
    """A slow centre is not buried."""
    progress = LaneProgress()
    for number in range(1, 9):
        assert may_send(progress, 0.0)
        progress = after_sending(progress, [number], now_s=0.0)
    assert not may_send(progress, 0.0)
    assert may_send(after_ack(progress, ((1, 1),)), 0.0)


def test_without_an_answer_everything_is_sent_again_from_the_oldest():
    """Nothing overtakes what was lost before it; then one batch at a time until an answer."""
    progress = after_sending(LaneProgress(), [1, 2], now_s=0.0)
    progress = after_sending(progress, [3], now_s=1.0)
    assert go_back_when_due(progress, 4.9) == progress
    back = go_back_when_due(progress, 5.0)
    assert (back.cursor, back.flights, back.fruitless) == (0, (), 1)
    again = after_sending(back, [1, 2], now_s=5.0)
    assert not may_send(again, 5.0)
    assert wake_at_s(again, 5.0) == 15.0
    assert may_send(after_ack(again, ((1, 2),)), 5.0)
    assert after_ack(again, ((1, 2),)).fruitless == 0


def test_repeats_become_rarer_up_to_five_minutes():
    """5, 10, 20 … 300 s."""
    assert [repeat_after_s(n) for n in range(8)] == [5, 10, 20, 40, 80, 160, 300, 300]


def test_a_lane_keeps_to_its_rate():
    """The past is sent in pauses."""
    progress = after_sending(LaneProgress(), [1], now_s=0.0, pause_s=0.7)
    assert not may_send(progress, 0.6)
    assert wake_at_s(progress, 0.0) == 0.7
    assert may_send(progress, 0.7)


@given(
    sent=st.sets(st.integers(1, 60), min_size=1),
    acked=st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), max_size=8),
)
def test_only_what_was_committed_leaves_the_window(sent, acked):
    """An acknowledgement of some rows leaves the others under way."""
    committed = merge(acked)
    progress = after_ack(after_sending(LaneProgress(), sent, now_s=0.0), committed)
    left = {n for flight in progress.flights for n in flight.unacknowledged}
    assert left == {n for n in sent if not contains(committed, n)}
    assert progress.lowest_in_flight == min(left, default=None)
