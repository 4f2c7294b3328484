"""The outbox keeps, sends and forgets exactly what it should."""

import pytest

from contracts.events import OutboxGap
from contracts.state import TelemetryAck
from contracts.telemetry import Metric, Sample, TelemetryRow
from edge_agent.outbox import Lane, eviction
from edge_agent.outbox.errors import OutboxInUse
from edge_agent.outbox.sending import Sent
from tests.edge_agent.outbox.gateway import (
    ALL,
    OTHER_BOOT_ID,
    OTHER_STORE_ID,
    STORE_ID,
    ack,
    draft,
    epoch_of,
    events_in,
    littering,
    make_clock,
    motion,
    open_store,
    record,
    sent,
)


@pytest.fixture
def fake_clock():
    return make_clock()


@pytest.fixture
def store(tmp_path, fake_clock):
    opened = open_store(tmp_path, fake_clock)
    opened.meet_store(STORE_ID)
    yield opened
    opened.close()


def telemetry_row(clock, samples: int = 10) -> TelemetryRow:
    sample = Sample(sampled_at=clock.now(), metric=Metric.CPU_SHARE, value=0.25)
    return TelemetryRow(samples=(sample,) * samples)


def gaps_in(store) -> list[OutboxGap]:
    return [event.data for event in sent(store) if isinstance(event.data, OutboxGap)]


def test_what_is_sent_is_the_event_with_epoch_and_sequence(store):
    """A recorded event goes out under the outbox's epoch, numbered from one."""
    event_id = record(store)
    (event,) = sent(store)
    assert (event.event_id, event.epoch, event.sequence) == (event_id, epoch_of(store), 1)
    assert not event.late


def test_events_survive_the_process(tmp_path, fake_clock, store):
    """What was recorded is there after the file was closed and opened again, under its number."""
    ids = [record(store), record(store)]
    epoch = epoch_of(store)
    store.close()
    again = open_store(tmp_path, fake_clock)
    assert [event.event_id for event in sent(again)] == ids
    assert epoch_of(again) == epoch
    again.close()


def test_only_acknowledged_ranges_stop_being_sent(store):
    """An acknowledgement of some rows leaves the others waiting."""
    ids = [record(store) for _ in range(5)]
    store.acknowledge(ack(store, (2, 3)), sent=ALL)
    assert [event.event_id for event in sent(store)] == [ids[0], ids[3], ids[4]]


def test_an_acknowledgement_of_another_store_or_epoch_changes_nothing(store):
    """A retained acknowledgement from before a restore or of another file is no proof."""
    record(store)
    store.acknowledge(ack(store, (1, 1), store_id=OTHER_STORE_ID), sent=ALL)
    store.acknowledge(ack(store, (1, 1)).model_copy(update={"epoch": OTHER_BOOT_ID}), sent=ALL)
    assert store.depth() == 1


def test_numbers_are_never_used_again(store, fake_clock):
    """After everything was acknowledged and deleted, numbering goes on."""
    record(store)
    store.acknowledge(ack(store, (1, 1)), sent=ALL)
    store.write(lambda entry: entry.connection.execute("DELETE FROM event"))
    record(store)
    assert [event.sequence for event in sent(store)] == [2]


def test_a_restored_centre_gets_the_kept_rows_again(store):
    """When the centre's store changes, what it had committed before is sent again."""
    event_id = record(store)
    store.acknowledge(ack(store, (1, 1)), sent=ALL)
    assert not sent(store)
    assert store.meet_store(OTHER_STORE_ID)
    assert [event.event_id for event in sent(store)] == [event_id]
    assert not store.meet_store(OTHER_STORE_ID)


def test_a_fork_begins_a_new_epoch_with_the_same_ids(store):
    """Told of a fork, the outbox sends everything again in another epoch; ids stay."""
    ids = [record(store), record(store)]
    epoch = epoch_of(store)
    store.acknowledge(ack(store, (1, 1)), sent=ALL)
    assert store.acknowledge(ack(store, (1, 1), new_epoch=True), sent=ALL)
    assert [event.event_id for event in sent(store)] == ids
    assert epoch_of(store) != epoch


@pytest.mark.parametrize("what", ["events", "telemetry"])
def test_an_acknowledgement_beyond_our_numbers_is_a_fork(store, fake_clock, what):
    """A restored gateway sees numbers acknowledged that it never gave."""
    event_id = record(store)
    beyond = TelemetryAck(epoch=epoch_of(store), committed=((1, 7),))
    answer = ack(store, (1, 9)) if what == "events" else ack(store, telemetry=beyond)
    assert store.acknowledge(answer, sent=ALL)
    assert [event.event_id for event in sent(store)] == [event_id]


def test_late_by_the_monotonic_clock_only(store, fake_clock):
    """Five minutes in the outbox make an event late; a jump of the wall clock does not."""
    record(store)
    fake_clock.set_wall_clock(fake_clock.now().replace(year=2031))
    assert [event.late for event in sent(store)] == [False]
    fake_clock.advance(301)
    fresh = record(store)
    assert [event.event_id for event in sent(store)] == [fresh]
    assert [event.late for event in sent(store, Lane.BACKFILL)] == [True]


def test_rows_of_an_earlier_boot_are_late(tmp_path, fake_clock, store):
    """After a reboot nobody knows how long a row has waited."""
    record(store)
    store.close()
    rebooted = open_store(tmp_path, fake_clock, boot_id=OTHER_BOOT_ID)
    record(rebooted)
    assert [event.late for event in sent(rebooted)] == [False]
    assert [event.late for event in sent(rebooted, Lane.BACKFILL)] == [True]
    rebooted.close()


def test_a_row_under_way_does_not_change_its_lane(store, fake_clock):
    """A row that becomes late while its live batch is unacknowledged is not sent twice."""
    record(store)
    fake_clock.advance(301)
    assert store.next_batch(Lane.BACKFILL, after=0, keep_live_from=1) is None


def test_batches_hold_at_most_64_kb(store):
    """Many events are cut into payloads the wire allows, in order and without a gap."""
    ids = [record(store) for _ in range(300)]
    batch = store.next_batch(Lane.LIVE, after=0, keep_live_from=None)
    assert batch is not None
    assert 32_000 < len(batch.payload) <= 65_536
    assert len(events_in(batch.payload)) < 300
    assert [event.event_id for event in sent(store)] == ids


def test_committed_rows_are_kept_a_day(store, fake_clock):
    """A row leaves the disk 24 h after its acknowledgement."""
    record(store)
    store.acknowledge(ack(store, (1, 1)), sent=ALL)
    fake_clock.advance(3_600)
    count = "SELECT count(*) FROM event"
    before = fake_clock.now().timestamp() - 86_400
    store.write(lambda entry: eviction.drop_kept_before(entry, before))
    assert store._connection.execute(count).fetchone() == (1,)
    store.write(lambda entry: eviction.drop_kept_before(entry, before + 86_400))
    assert store._connection.execute(count).fetchone() == (0,)


def test_kept_rows_take_a_quarter_at_most(tmp_path, fake_clock):
    """Rows the centre has committed give way before anything is lost."""
    store = open_store(tmp_path, fake_clock, max_bytes=100_000)
    store.meet_store(STORE_ID)
    for n in range(1, 1_001):
        record(store)
        store.acknowledge(ack(store, (1, n)), sent=ALL)
    kept = store._connection.execute("SELECT sum(size) FROM event").fetchone()[0]
    assert 20_000 < kept <= 25_000
    assert not gaps_in(store)
    store.close()


def test_a_full_outbox_drops_telemetry_then_motion_never_littering(tmp_path, fake_clock):
    """Dropped in the order of importance; every dropped event is named by a gap."""
    store = open_store(tmp_path, fake_clock, max_bytes=60_000)
    for _ in range(5):
        store.write(lambda entry: entry.record_telemetry(telemetry_row(fake_clock)))
    important = [record(store, littering()) for _ in range(10)]
    recorded = {record(store): None for _ in range(200)}
    assert store.next_batch(Lane.TELEMETRY, after=0, keep_live_from=None) is None
    left = {event.event_id for event in sent(store)}
    assert left.issuperset(important)
    gaps = gaps_in(store)
    assert sum(gap.telemetry_rows for gap in gaps) == 5
    dropped = [event_id for event_id in recorded if event_id not in left]
    assert sum(gap.events for gap in gaps) == len(dropped) > 100
    assert dropped == list(recorded)[: len(dropped)], "the oldest go first"
    assert store._usage.total_bytes <= 60_000
    store.close()


def test_a_full_disk_drops_the_oldest_telemetry_and_says_so(tmp_path, fake_clock):
    """Where the file cannot grow, telemetry makes room for events and a gap counts it."""
    store = open_store(tmp_path, fake_clock)
    for _ in range(400):
        store.write(lambda entry: entry.record_telemetry(telemetry_row(fake_clock, 20)))
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    ids = [record(store) for _ in range(200)]
    assert {event.event_id for event in sent(store)}.issuperset(ids)
    (gap,) = gaps_in(store)
    assert gap.reason == "disk_full"
    assert gap.events == 0
    first = store.next_batch(Lane.TELEMETRY, after=0, keep_live_from=None)
    assert first is not None
    assert first.sequences[0] == gap.telemetry_rows + 1, "the oldest rows went"
    store.close()


def test_an_unreadable_file_is_set_aside_and_reported(tmp_path, fake_clock):
    """A damaged file does not stop the gateway; it begins anew and says so."""
    (tmp_path / "outbox.db").write_bytes(b"no database at all" * 500)
    store = open_store(tmp_path, fake_clock)
    assert [gap.reason for gap in gaps_in(store)] == ["unreadable"]
    assert list(tmp_path.glob("outbox.db.unreadable-*"))
    store.close()


def test_a_second_process_cannot_open_the_same_outbox(tmp_path, fake_clock, store):
    """Two agents on one file would number events twice."""
    with pytest.raises(OutboxInUse):
        open_store(tmp_path, fake_clock)


def test_pictures_may_be_uploaded_once_their_event_is_committed(store):
    """The centre refuses a picture it has not been told of."""
    drafted = draft(store, littering(), evidence_hashes=("a" * 64,))
    store.write(lambda entry: entry.record(drafted))
    announced = "SELECT announced FROM upload"
    assert store._connection.execute(announced).fetchall() == [(0,)]
    store.acknowledge(ack(store, (1, 1)), sent=ALL)
    assert store._connection.execute(announced).fetchall() == [(1,)]


def test_conditions_are_restated_with_their_true_beginning(store, fake_clock):
    """After a birth the gateway says what is still so, under another id, since when it began."""
    began = fake_clock.now()
    drafted = draft(store, littering())
    first = store.write(lambda entry: entry.state_condition("littering:1", drafted))
    restate = lambda entry: entry.restate_conditions(fresh_within_s=150, has_evidence=bool)  # noqa: E731
    assert store.write(restate) == 0, "its first event is still under way"
    store.acknowledge(ack(store, (1, 1)), sent=ALL)
    fake_clock.advance(4_000)
    assert store.write(restate) == 1
    (event,) = sent(store)
    assert event.standing
    assert not event.late
    assert event.occurred_at == began
    assert event.event_id != first
    store.write(lambda entry: entry.end_condition("littering:1"))
    store.acknowledge(ack(store, (1, 2)), sent=ALL)
    assert store.write(restate) == 0


def test_what_is_recorded_is_on_the_disk(store):
    """An event is committed through a power cut before anything else sees it."""

    def pragma(entry, name):
        return entry.connection.execute(f"PRAGMA {name}").fetchone()[0]

    assert store.read(lambda entry: pragma(entry, "synchronous")) == 2  # FULL
    assert store.read(lambda entry: pragma(entry, "journal_mode")) == "wal"


def test_telemetry_has_its_own_numbers_and_acknowledgement(store, fake_clock):
    """Events and telemetry are acknowledged apart."""
    record(store)
    store.write(lambda entry: entry.record_telemetry(telemetry_row(fake_clock)))
    done = TelemetryAck(epoch=epoch_of(store), committed=((1, 1),))
    store.acknowledge(ack(store, telemetry=done), sent=ALL)
    assert store.next_batch(Lane.TELEMETRY, after=0, keep_live_from=None) is None
    assert len(sent(store)) == 1


def test_a_failed_transaction_leaves_nothing(store):
    """Work that raises writes nothing and does not count."""

    def fail(entry):
        entry.record(draft(store, motion()))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.write(fail)
    assert store.depth() == 0
    assert store._usage.total_bytes == 0


def test_rows_that_were_never_sent_are_not_acknowledged(store, fake_clock):
    """A copy of this outbox has used the same numbers: its rows were committed, not these."""
    for _ in range(3):
        record(store)
    store.write(lambda entry: entry.record_telemetry(telemetry_row(fake_clock)))
    done = TelemetryAck(epoch=epoch_of(store), committed=((1, 1),))
    assert not store.acknowledge(ack(store, (1, 3), telemetry=done), sent=Sent(events=((2, 2),)))
    assert store.pending() == ((1, 1), (3, 3))
    assert store.next_batch(Lane.TELEMETRY, after=0, keep_live_from=None)
