"""A gateway that reports to the real intake of a centre, its devices and what its cameras see."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

import cv2
import numpy as np
from sqlalchemy import select

from contracts.batch import encode_batch
from contracts.codec import encode
from contracts.commands import Command, verify_command
from contracts.envelope import Event, encode_event, source_of
from contracts.events import (
    KIND_OF,
    BroadcastProgress,
    BroadcastState,
    Clip,
    CommandOutcome,
    CommandResult,
    DeviceKind,
    EventData,
    EvidenceClip,
    LitteringConfirmed,
    PathPoint,
    Picture,
)
from contracts.state import Birth, Device, Will
from contracts.telemetry import Metric, Sample, TelemetryRow
from contracts.topics import Address, Channel
from ioc.app import Running
from ioc.broadcasts.commands import due_commands
from ioc.centre import Centre
from ioc.ingest.received import Received
from ioc.store.tables import alarm_transitions, alarms, deliveries


def camera(device_id: str, name: str, area_id: str, loudspeaker_ids: list[str]) -> Device:
    """Return a camera as an inventory names it."""
    return Device(
        device_id=device_id,
        device_kind=DeviceKind.CAMERA,
        name=name,
        area_id=area_id,
        loudspeaker_ids=tuple(loudspeaker_ids),
    )


def loudspeaker(device_id: str, name: str, area_id: str) -> Device:
    """Return a loudspeaker as an inventory names it."""
    return Device(
        device_id=device_id, device_kind=DeviceKind.LOUDSPEAKER, name=name, area_id=area_id
    )


@dataclass(kw_only=True)
class ReportingGateway:
    """Speaks the wire's language to the centre's intake, without a broker in between."""

    running: Running
    gateway_id: str
    epoch: str = field(default_factory=lambda: str(uuid4()))
    boot_id: str = field(default_factory=lambda: str(uuid4()))
    sequence: int = 0
    telemetry_sequence: int = 0
    connection_number: int = 0

    @property
    def centre(self) -> Centre:
        """The centre it reports to."""
        return self.running.centre

    @property
    def address(self) -> Address:
        """Its place in the topic tree."""
        return Address.of("sang-moc", self.gateway_id)

    async def be_born(self, devices: list[Device], *, clock_synced: bool = True) -> None:
        """Say that it is connected and what it has."""
        self.connection_number += 1
        birth = Birth(
            epoch=self.epoch,
            connection_number=self.connection_number,
            boot_id=self.boot_id,
            agent_version="0.1.0",
            clock_synced=clock_synced,
            nonce=str(uuid4()),
            devices=tuple(devices),
        )
        await self._send(Channel.STATE, encode(birth), retained=True)

    async def die(self) -> None:
        """Vanish: the broker speaks its will."""
        will = Will(epoch=self.epoch, connection_number=self.connection_number)
        await self._send(Channel.STATE, encode(will), retained=True)

    async def report(
        self,
        kind_of_event: EventData,
        *,
        device_id: str | None,
        ago_s: float = 1.0,
        late: bool = False,
        clock_behind_s: float = 0.0,
    ) -> str:
        """Report one event; return its id. A clock that is behind is also unsynchronised."""
        self.sequence += 1
        now = self.centre.clock.now() - timedelta(seconds=clock_behind_s)
        event = Event(
            event_id=str(uuid4()),
            source=source_of(self.address),
            device_id=device_id,
            kind=KIND_OF[type(kind_of_event)],
            occurred_at=now - timedelta(seconds=ago_s),
            observed_at=now,
            boot_id=self.boot_id,
            monotonic_s=10_000.0,
            clock_synced=not clock_behind_s,
            late=late,
            epoch=self.epoch,
            sequence=self.sequence,
            data=kind_of_event,
        )
        channel = Channel.EVENTS_BACKFILL if late else Channel.EVENTS_LIVE
        await self._send(channel, encode_batch(self.epoch, [self.sequence], [encode_event(event)]))
        return event.event_id

    async def measure(self, metric: Metric, values: list[float], *, device_id: str | None) -> None:
        """Report samples a minute apart, the last one now."""
        now = self.centre.clock.now()
        samples = tuple(
            Sample(
                sampled_at=now - timedelta(minutes=len(values) - 1 - index),
                device_id=device_id,
                metric=metric,
                value=value,
            )
            for index, value in enumerate(values)
        )
        self.telemetry_sequence += 1
        row = encode(TelemetryRow(samples=samples))
        payload = encode_batch(self.epoch, [self.telemetry_sequence], [row])
        await self._send(Channel.TELEMETRY, payload)

    async def see_littering(
        self,
        device_id: str = "cam-cong",
        *,
        ago_s: float = 30.0,
        late: bool = False,
        reasons: tuple[str, ...] = ("static_14s", "contrast_0.31", "appeared_with_figure"),
    ) -> tuple[str, dict[str, bytes]]:
        """Report a left object; return the alarm's id and the pictures, not yet uploaded."""
        now = self.centre.clock.now()
        drawn = {
            role: draw_scene(role, seed=self.sequence) for role in ("before", "depositing", "after")
        }
        pictures = tuple(
            Picture(
                role=role,
                sha256=hashlib.sha256(body).hexdigest(),
                width_px=640,
                height_px=360,
                size_bytes=len(body),
                taken_at=now - timedelta(seconds=ago_s + 30 - 15 * index),
            )
            for index, (role, body) in enumerate(drawn.items())
        )
        left = LitteringConfirmed(
            object_id=str(uuid4()),
            zone="Bãi đất trống",
            box=(0.60, 0.60, 0.10, 0.18),
            deposited_at=now - timedelta(seconds=ago_s + 15),
            left_at=now - timedelta(seconds=ago_s + 10),
            unattended_s=14.2,
            score=0.92,
            reasons=reasons,
            pictures=pictures,
            figure_box=(0.655, 0.46, 0.07, 0.38),
            path=tuple(
                PathPoint(
                    at=now - timedelta(seconds=ago_s + 20 - second),
                    x=0.03 + 0.09 * second,
                    y=0.72 + 0.01 * (second % 3),
                )
                for second in range(11)
            ),
            came_from="left",
            went_to="right",
        )
        event_id = await self.report(left, device_id=device_id, ago_s=ago_s, late=late)
        return await self.alarm_of(event_id), {
            picture.sha256: drawn[picture.role] for picture in pictures
        }

    async def upload(self, pictures: dict[str, bytes]) -> None:
        """Deliver pictures announced before."""
        for sha256, body in pictures.items():
            await self.centre.evidence.accept(self.gateway_id, sha256, pieces(body))

    async def record(
        self, object_id: str, body: bytes, *, device_id: str = "cam-cong", codec: str = "h264"
    ) -> str:
        """Announce a clip of a sighting; return its hash. It is not yet uploaded."""
        clip = Clip(
            sha256=hashlib.sha256(body).hexdigest(),
            codec=codec,
            width_px=160,
            height_px=90,
            size_bytes=len(body),
            begins_at=self.centre.clock.now() - timedelta(seconds=40),
            duration_s=26.0,
            encoded_again=False,
        )
        await self.report(EvidenceClip(object_id=object_id, clip=clip), device_id=device_id)
        return clip.sha256

    async def objects_of(self, alarm_id: str) -> list[str]:
        """Return the sightings of an alarm, oldest first."""
        async with self.centre.store.read() as connection:
            facts = await connection.scalar(
                select(alarms.c.facts).where(alarms.c.alarm_id == alarm_id)
            )
        return list(facts["parts"])

    async def orders(self) -> list[Command]:
        """Return the commands that wait for this gateway's answer, as it would read them."""
        signing = self.running.centre.voice.dispatch._signing
        keys = {signing.key_id: signing.key.public_key()}
        async with self.centre.store.read() as connection:
            due = await due_commands(connection, now=self.centre.clock.now(), signing=signing)
        mine = [each for each in due if f"/{self.gateway_id}/" in each.topic_name]
        read = [verify_command(each.payload, keys=keys, address=self.address) for each in mine]
        return [command for command in read if command.kind != "clock.v1"]

    async def answer(
        self, command: Command, outcome: CommandOutcome = CommandOutcome.DONE, reason: str = ""
    ) -> None:
        """Report what became of a command."""
        result = CommandResult(
            command_id=command.command_id,
            command_number=command.command_number,
            outcome=outcome,
            reason=reason,
        )
        await self.report(result, device_id=None)

    async def play(self, broadcast_id: str, device_id: str, *states: BroadcastState) -> None:
        """Report how far one loudspeaker has come, step by step."""
        for state in states:
            sent = 4.2 if state is BroadcastState.FINISHED else 0.0
            progress = BroadcastProgress(broadcast_id=broadcast_id, state=state, seconds_sent=sent)
            await self.report(progress, device_id=device_id, ago_s=0.0)

    async def broadcasts(self) -> list[str]:
        """Return the broadcasts ordered from this gateway, newest last."""
        async with self.centre.store.read() as connection:
            rows = await connection.execute(
                select(deliveries.c.broadcast_id, deliveries.c.updated_at)
                .where(deliveries.c.gateway_id == self.gateway_id)
                .order_by(deliveries.c.updated_at)
            )
            return list(dict.fromkeys(row.broadcast_id for row in rows))

    async def alarm_of(self, event_id: str) -> str:
        """Return the alarm that an event raised or fed."""
        async with self.centre.store.read() as connection:
            found = await connection.scalar(
                select(alarm_transitions.c.alarm_id).where(alarm_transitions.c.event_id == event_id)
            )
        assert found is not None
        return str(found)

    async def _send(self, channel: Channel, payload: bytes, *, retained: bool = False) -> None:
        received = Received(
            topic_name=self.address.topic_name(channel),
            payload=payload,
            retained=retained,
            received_at=self.centre.clock.now(),
        )
        if channel is Channel.TELEMETRY:
            await self.running.intake.take_telemetry([received])
        else:
            await self.running.intake.take([received])


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    """Give a body as a server receives it."""
    yield body


def draw_scene(role: str, *, seed: int = 0) -> bytes:
    """Return a drawn roadside as JPEG: empty, with a figure, with a bag left behind."""
    noise = np.random.default_rng(seed)
    scene = np.full((360, 640, 3), (168, 176, 170), np.uint8)
    cv2.rectangle(scene, (0, 190), (640, 360), (120, 132, 138), -1)
    cv2.rectangle(scene, (0, 90), (260, 200), (96, 120, 150), -1)
    cv2.line(scene, (320, 360), (470, 190), (210, 215, 215), 4)
    if role == "depositing":
        cv2.ellipse(scene, (440, 190), (18, 22), 0, 0, 360, (70, 90, 130), -1)
        cv2.rectangle(scene, (420, 210), (460, 300), (60, 60, 110), -1)
    if role in ("depositing", "after"):
        cv2.ellipse(scene, (416, 250), (26, 28), 0, 0, 360, (35, 35, 40), -1)
    scene = cv2.add(scene, noise.integers(0, 12, scene.shape, dtype=np.uint8))
    encoded, jpeg = cv2.imencode(".jpg", scene, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert encoded
    return bytes(jpeg.tobytes())
