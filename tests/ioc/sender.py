"""A gateway's outbox in miniature: numbers events as a real one does and words its MQTT messages."""

import os
from datetime import datetime, timedelta
from uuid import uuid4

from contracts.batch import encode_batch
from contracts.codec import encode
from contracts.envelope import Event, encode_event, source_of
from contracts.events import (
    KIND_OF,
    DeviceDown,
    DeviceKind,
    DownReason,
    EventData,
    LitteringConfirmed,
    MotionStarted,
    Picture,
)
from contracts.ids import uuid7
from contracts.state import Birth, Device, Will
from contracts.telemetry import Sample, TelemetryRow
from contracts.topics import Address, Channel
from ioc.ingest.received import Received
from tests.fakes.clock import FakeClock

CAMERA = Device(
    device_id="cam-1",
    device_kind=DeviceKind.CAMERA,
    name="Cổng làng",
    area_id="ban-chuong",
    loudspeaker_ids=("loa-1",),
)
LOUDSPEAKER = Device(
    device_id="loa-1", device_kind=DeviceKind.LOUDSPEAKER, name="Loa 1", area_id="ban-chuong"
)


class Sender:
    """One gateway with a clock of its own."""

    def __init__(self, clock: FakeClock, *, gateway_id: str = "tu-1", site_id: str = "thu") -> None:
        self.clock = clock
        self.address = Address.of(site_id, gateway_id)
        self.epoch = str(uuid4())
        self.boot_id = str(uuid4())
        self.sequence = 0
        self.connection_number = 0
        self.clock_synced = True
        self.clock_error_s = 0.0

    def event(self, data: EventData, device_id: str | None = "cam-1", **changes: object) -> Event:
        """Return the next event."""
        self.sequence += 1
        now = self.now()
        fields = {
            "event_id": uuid7(int(now.timestamp() * 1000), os.urandom(10)),
            "source": source_of(self.address),
            "device_id": device_id,
            "kind": KIND_OF[type(data)],
            "occurred_at": now,
            "observed_at": now,
            "boot_id": self.boot_id,
            "monotonic_s": self.clock.monotonic_s(),
            "clock_synced": self.clock_synced,
            "epoch": self.epoch,
            "sequence": self.sequence,
            "data": data,
        }
        return Event(**{**fields, **changes})

    def now(self) -> datetime:
        """Return what this gateway's wall clock shows."""
        return self.clock.now() + timedelta(seconds=self.clock_error_s)

    def batch(self, *events: Event, backfill: bool = False) -> Received:
        """Return the message that carries events."""
        payload = encode_batch(
            events[0].epoch, [e.sequence for e in events], [encode_event(e) for e in events]
        )
        return self.message(Channel.EVENTS_BACKFILL if backfill else Channel.EVENTS_LIVE, payload)

    def telemetry(self, sequence: int, *samples: Sample) -> Received:
        """Return the message that carries one telemetry row."""
        row = encode(TelemetryRow(samples=samples))
        return self.message(Channel.TELEMETRY, encode_batch(self.epoch, [sequence], [row]))

    def birth(self, *devices: Device, retained: bool = False) -> Received:
        """Return the message of a further connection."""
        self.connection_number += 1
        birth = Birth(
            epoch=self.epoch,
            connection_number=self.connection_number,
            boot_id=self.boot_id,
            agent_version="0.1",
            clock_synced=self.clock_synced,
            nonce=str(uuid4()),
            devices=devices or (CAMERA, LOUDSPEAKER),
        )
        return self.message(Channel.STATE, encode(birth), retained=retained)

    def will(self, connection_number: int | None = None) -> Received:
        """Return the will of a connection, of the current one by default."""
        will = Will(epoch=self.epoch, connection_number=connection_number or self.connection_number)
        return self.message(Channel.STATE, encode(will))

    def message(self, channel: Channel, payload: bytes, *, retained: bool = False) -> Received:
        """Return a message of this gateway that arrives now."""
        return Received(
            topic_name=self.address.topic_name(channel),
            payload=payload,
            retained=retained,
            received_at=self.clock.now(),
        )


def motion() -> MotionStarted:
    """Return motion in a zone."""
    return MotionStarted(zone="cổng", share=0.2)


def down(reason: DownReason = DownReason.UNREACHABLE) -> DeviceDown:
    """Return a camera that cannot be reached."""
    return DeviceDown(device_kind=DeviceKind.CAMERA, reason=reason, detail="")


def littering(
    clock: FakeClock, *, object_id: str | None = None, sha256: str = ""
) -> LitteringConfirmed:
    """Return an object left in a zone, with a picture if its hash is given."""
    picture = Picture(
        role="after",
        sha256=sha256 or "0" * 64,
        width_px=640,
        height_px=360,
        size_bytes=1000,
        taken_at=clock.now(),
    )
    return LitteringConfirmed(
        object_id=object_id or str(uuid4()),
        zone="bãi cấm",
        box=(0.1, 0.2, 0.3, 0.4),
        deposited_at=clock.now(),
        left_at=clock.now(),
        unattended_s=14.0,
        score=0.9,
        reasons=("unattended",),
        pictures=(picture,) if sha256 else (),
    )
