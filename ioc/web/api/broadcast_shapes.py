"""Broadcasts as the JSON interface takes and answers them."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from ioc.broadcasts import BroadcastView, LoudspeakerId
from ioc.web.api.shapes import Shape
from ioc.web.reading.broadcasts import Told, decide_verdict


class TextShape(Shape):
    """A text to preview."""

    text: Annotated[str, Field(min_length=1, max_length=1_000)]


class PreviewShape(Shape):
    """What was rendered; hear it at `/api/audio/{audio_sha256}`."""

    audio_sha256: str
    duration_s: float
    spoken_text: str


class LoudspeakerShape(Shape):
    """Which loudspeaker."""

    gateway_id: Annotated[str, Field(max_length=63)]
    device_id: Annotated[str, Field(max_length=63)]

    @property
    def key(self) -> LoudspeakerId:
        """The loudspeaker as the broadcast desk names it."""
        return LoudspeakerId(self.gateway_id, self.device_id)


class UsableLoudspeaker(LoudspeakerShape):
    """A loudspeaker the person may use."""

    name: str
    area_id: str
    state: str
    gateway_online: bool


class OrderShape(Shape):
    """A broadcast to order; the text as previewed by the same person."""

    text: Annotated[str, Field(min_length=1, max_length=1_000)]
    audio_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    loudspeakers: Annotated[list[LoudspeakerShape], Field(min_length=1, max_length=200)]
    source: Literal["console", "phone"] = "console"
    alarm_id: Annotated[str, Field(max_length=36)] | None = None
    request_id: Annotated[str, Field(max_length=64)] | None = None
    """The same id sent again is answered with the first broadcast: lost answers play nothing twice."""


class DeliveryShape(LoudspeakerShape):
    """How far one loudspeaker has come."""

    name: str
    state: str
    final: bool
    updated_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    seconds_sent: float
    underruns: int
    detail: str
    told_in_person_by: str | None


class BroadcastShape(Shape):
    """A broadcast with the proof of each loudspeaker."""

    broadcast_id: str
    text: str
    spoken_text: str
    audio_sha256: str
    duration_s: float
    priority: str
    alarm_id: str | None
    created_at: datetime
    expires_at: datetime
    verdict: str
    deliveries: list[DeliveryShape]

    @classmethod
    def of(cls, view: BroadcastView, told: dict[LoudspeakerId, Told]) -> Self:
        """Return the broadcast as answered."""
        deliveries = []
        for delivery in view.deliveries:
            speaker = delivery.loudspeaker
            instead = told.get(LoudspeakerId(speaker.gateway_id, speaker.device_id))
            deliveries.append(
                DeliveryShape(
                    gateway_id=speaker.gateway_id,
                    device_id=speaker.device_id,
                    name=speaker.name,
                    state=delivery.state,
                    final=delivery.final,
                    updated_at=delivery.updated_at,
                    started_at=delivery.started_at,
                    finished_at=delivery.finished_at,
                    seconds_sent=delivery.seconds_sent,
                    underruns=delivery.underruns,
                    detail=delivery.detail,
                    told_in_person_by=instead.who if instead else None,
                )
            )
        return cls(
            broadcast_id=view.broadcast_id,
            text=view.text,
            spoken_text=view.spoken_text,
            audio_sha256=view.audio_sha256,
            duration_s=view.duration_s,
            priority=view.priority,
            alarm_id=view.alarm_id,
            created_at=view.created_at,
            expires_at=view.expires_at,
            verdict=decide_verdict(view.deliveries).key,
            deliveries=deliveries,
        )
