"""Whoever may publish on the wire, good or bad: events of a gateway that is not there, commands."""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from paho.mqtt import publish

from contracts.batch import encode_batch
from contracts.commands import Command, CommandData, addressee_of, kind_of
from contracts.envelope import Event, encode_event, source_of
from contracts.events import KIND_OF, EventData
from contracts.ids import uuid7
from contracts.topics import Address, Channel


def right_now() -> datetime:
    """Return the instant: scenarios run by the clock of the machine."""
    return datetime.now(UTC)  # noqa: TID251


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who publishes, and where the broker is."""

    port: int
    username: str
    password: str = field(repr=False)

    def publish(self, topic_name: str, payload: bytes) -> None:
        """Hand one payload to the broker and wait until it has it."""
        publish.single(
            topic_name,
            payload,
            qos=1,
            hostname="127.0.0.1",
            port=self.port,
            client_id=f"test-{uuid4().hex[:8]}",
            auth={"username": self.username, "password": self.password},
        )


@dataclass(kw_only=True)
class PaperGateway:
    """A gateway that exists only in its events."""

    address: Address
    account: Account
    epoch: str = field(default_factory=lambda: str(uuid4()))
    sequence: int = 0

    def event(self, data: EventData, *, device_id: str | None = None) -> Event:
        """Return the next event of this gateway, now."""
        now = right_now()
        self.sequence += 1
        return Event(
            event_id=uuid7(int(now.timestamp() * 1000), os.urandom(10)),
            source=source_of(self.address),
            device_id=device_id,
            kind=KIND_OF[type(data)],
            occurred_at=now,
            observed_at=now,
            boot_id=self.epoch,
            monotonic_s=100.0 + self.sequence,
            clock_synced=True,
            epoch=self.epoch,
            sequence=self.sequence,
            data=data,
        )

    def send(self, *events: Event) -> None:
        """Publish events as one batch on the live lane."""
        rows = [encode_event(event) for event in events]
        self.send_bytes(encode_batch(self.epoch, [event.sequence for event in events], rows))

    def send_bytes(self, payload: bytes) -> None:
        """Publish anything on the live lane."""
        self.account.publish(self.address.topic_name(Channel.EVENTS_LIVE), payload)


def command_for(
    address: Address, data: CommandData, *, number: int, issued_at: datetime, expires_at: datetime
) -> Command:
    """Return an unsigned command."""
    return Command(
        command_id=str(uuid4()),
        addressee=addressee_of(address),
        kind=kind_of(data),
        issued_at=issued_at,
        expires_at=expires_at,
        command_number=number,
        data=data,
    )


def rows_of(database: Path, query: str, values: Mapping[str, object] | None = None) -> list[Any]:
    """Read a process's SQLite file beside it."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(query, values or {}).fetchall()
