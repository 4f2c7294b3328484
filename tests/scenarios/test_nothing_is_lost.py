"""Whatever is killed while events flow, afterwards every event is stored exactly once."""

import time
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest

from tests.scenarios.busy_gateway import last_number
from tests.scenarios.children import Child, eventually, program
from tests.scenarios.commune import Commune
from tests.scenarios.wire import rows_of

TOTAL = 2_000
KILLS_AT = (150, 350, 550, 750, 950, 1_150, 1_350, 1_550, 1_750)


@pytest.fixture
def commune(tmp_path):
    with Commune(tmp_path) as founded:
        founded.found()
        founded.write_gateway()
        founded.broker.start()
        founded.start_centre()
        yield founded


@pytest.fixture
def log(commune) -> Path:
    return commune.folder / "durable.log"


@pytest.fixture
def gateway(commune, log) -> Child:
    arguments = (commune.gateway_file, str(TOTAL), log, "0.012")
    child = commune.child(
        "busy-gateway", program("python"), "-m", "tests.scenarios.busy_gateway", *arguments
    )
    child.start()
    return child


def kill_in_turn(commune: Commune, gateway: Child) -> dict[str, Callable[[], None]]:
    def kill_gateway() -> None:
        gateway.kill()
        gateway.start()

    def kill_centre() -> None:
        commune.centre.kill()
        commune.centre.start()
        commune.wait_for_centre()

    def kill_broker() -> None:
        commune.broker.kill()
        commune.broker.wipe()
        commune.broker.start()

    return {"gateway": kill_gateway, "centre": kill_centre, "broker": kill_broker}


@pytest.mark.scenario
@pytest.mark.broker
@pytest.mark.timeout(300)
def test_every_event_is_stored_exactly_once_whatever_is_killed(commune, gateway, log):
    """2,000 events flow while gateway, centre and broker are killed three times each, the broker
    losing all it had stored; in the end centre and outbox agree on every event."""
    for number, (_, kill) in zip(KILLS_AT, cycle(kill_in_turn(commune, gateway).items())):
        eventually(
            lambda wanted=number: last_number(log) >= wanted,
            within_s=60,
            what=f"{number} events are durable",
            every_s=0.02,
        )
        kill()
    eventually(lambda: last_number(log) == TOTAL, within_s=90, what="all events are durable")

    centre = commune.folder / "centre" / "ioc.db"
    durable = {line.split()[1] for line in log.read_text().splitlines()}

    def stored() -> set[str]:
        return {event_id for (event_id,) in rows_of(centre, "SELECT event_id FROM events")}

    eventually(lambda: durable <= stored(), within_s=120, what="the centre has every event")
    time.sleep(3)  # for the last acknowledgement to reach the gateway
    assert gateway.stop() == 0, gateway.complaint()
    outbox = commune.folder / "gateway" / "outbox.db"
    in_outbox = rows_of(outbox, "SELECT event_id, sequence, committed_unix_s FROM event")
    assert {event_id for event_id, _, _ in in_outbox} == stored()
    assert [s for _, s, committed in in_outbox if committed is None] == [], "the outbox is empty"

    zones = Counter(
        zone
        for (zone,) in rows_of(
            centre,
            "SELECT json_extract(body, '$.data.zone') FROM events WHERE kind = 'motion.started.v1'",
        )
    )
    assert set(zones) == {f"khu {number}" for number in range(1, TOTAL + 1)}
    # A gateway killed after it stored an event and before it noted so records that number again.
    assert sum(zones.values()) - TOTAL <= 3

    sequences = [sequence for _, sequence, _ in in_outbox]
    assert sorted(sequences) == list(range(1, len(sequences) + 1))
    ranges = rows_of(centre, 'SELECT lane, "first", "last" FROM committed_ranges')
    assert [each for each in ranges if each[0] == "events"] == [("events", 1, len(sequences))]
    assert rows_of(centre, "SELECT count(*) FROM quarantine") == [(0,)]
