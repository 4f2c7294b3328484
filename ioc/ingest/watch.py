"""The watch over silence: a gateway that says nothing any more is declared down."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from ioc.alarms.engine.policy import UNDELAYED_POLICIES, Policies
from ioc.clock import Clock
from ioc.gateways import register
from ioc.gateways.register import Gateway
from ioc.ingest.presence import declare_down, silent
from ioc.ingest.transaction import Transaction
from ioc.store.engine import Store

LOOK_EVERY_S = 5.0


class Listener(Protocol):
    """Whoever knows whether the centre would have heard a word."""

    @property
    def connected_at(self) -> datetime | None:
        """Since when it hears its gateways; None: it does not."""
        ...


async def watch_silence(
    *, store: Store, listener: Listener, clock: Clock, policies: Policies = UNDELAYED_POLICIES
) -> None:
    """Look for ever; says nothing while the centre itself is deaf."""
    while True:
        await clock.sleep(LOOK_EVERY_S)
        await look_once(store=store, listener=listener, clock=clock, policies=policies)


async def look_once(
    *, store: Store, listener: Listener, clock: Clock, policies: Policies = UNDELAYED_POLICIES
) -> int:
    """Declare down whoever has been silent too long; return how many that were."""
    async with store.read() as connection:
        gateways = await register.find_all(connection)
    suspects = _silent(gateways, listener, clock)
    if not suspects:
        return 0
    async with store.begin() as connection:
        transaction = Transaction(connection, at=clock.now(), policies=policies)
        fresh = [await transaction.gateway(suspect.address) for suspect in suspects]
        gone = _silent(filter(None, fresh), listener, clock)
        for gateway in gone:
            await declare_down(transaction, gateway, cause="silence")
    return len(gone)


def _silent(gateways: Iterable[Gateway], listener: Listener, clock: Clock) -> list[Gateway]:
    """Read the clock after the store: what was heard in between must not seem to lie ahead."""
    listening_since = listener.connected_at
    return silent(gateways, now=clock.now(), listening_since=listening_since)
