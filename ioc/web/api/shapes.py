"""What the JSON interface answers and takes; the values' meaning is the store's."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from ioc.broadcasts import BroadcastView, LoudspeakerId
from ioc.web.reading.alarms import AlarmView, Picture, Transition
from ioc.web.reading.broadcasts import Told, decide_verdict
from ioc.web.reading.devices import DeviceView, GatewayView


class Shape(BaseModel):
    """A value of the interface: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)


class PictureShape(Shape):
    """An evidence picture; fetch it at `/api/evidence/{sha256}` once it is stored."""

    sha256: str
    event_id: str
    role: str
    taken_at: datetime
    state: str
    width_px: int
    height_px: int

    @classmethod
    def of(cls, picture: Picture) -> Self:
        """Return the picture as answered."""
        return cls.model_validate(picture)


class AlarmShape(Shape):
    """An alarm."""

    alarm_id: str
    kind: str
    gateway_id: str
    device_id: str | None
    object_id: str
    area_id: str
    priority: str
    state: str
    annunciate: bool
    late: bool
    occurred_at: datetime
    last_occurred_at: datetime
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    returned_at: datetime | None
    repeats: int
    latched: bool
    facts: dict[str, Any]
    pictures: list[PictureShape]
    spoken: bool

    @classmethod
    def of(cls, alarm: AlarmView) -> Self:
        """Return the alarm as answered."""
        return cls.model_validate(alarm)


class TransitionShape(Shape):
    """One line of an alarm's log."""

    number: int
    at: datetime
    from_state: str | None
    to_state: str
    cause: str
    who: str | None
    note: str | None

    @classmethod
    def of(cls, step: Transition) -> Self:
        """Return the line as answered."""
        return cls.model_validate(step)


class AlarmList(Shape):
    """Alarms, and how many are not normal per priority."""

    alarms: list[AlarmShape]
    counts: dict[str, int]


class AlarmDetail(Shape):
    """An alarm with its log, oldest first."""

    alarm: AlarmShape
    occurred_at_corrected: bool
    history: list[TransitionShape]


class GatewayShape(Shape):
    """A gateway; `backlog` in events, null: unknown."""

    gateway_id: str
    name: str
    area_id: str
    state: str
    since: datetime | None
    last_heard_at: datetime | None
    clock_synced: bool | None
    agent_version: str | None
    backlog: int | None

    @classmethod
    def of(cls, gateway: GatewayView) -> Self:
        """Return the gateway as answered."""
        return cls.model_validate(gateway)


class DeviceShape(Shape):
    """A camera or loudspeaker."""

    gateway_id: str
    device_id: str
    device_kind: str
    name: str
    area_id: str
    state: str
    reason: str | None
    since: datetime | None
    gateway_away_since: datetime | None
    present: bool
    loudspeaker_ids: list[str]

    @classmethod
    def of(cls, device: DeviceView) -> Self:
        """Return the device as answered."""
        return cls.model_validate(device)


class DeviceList(Shape):
    """Everything that is installed in the person's areas."""

    gateways: list[GatewayShape]
    devices: list[DeviceShape]


class SeriesShape(Shape):
    """One series; instants in seconds since 1970, null: no measurement in that step."""

    gateway_id: str
    device_id: str
    metric: str
    step_s: int
    instants: list[int]
    values: list[float | None]


class Me(Shape):
    """The person who asks; unsafe requests carry `csrf_token` as the header X-CSRF-Token."""

    login: str
    name: str
    role: str
    area_ids: list[str]
    csrf_token: str


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
