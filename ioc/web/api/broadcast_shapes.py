"""Broadcasts as the JSON interface takes and answers them."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field
from typing_extensions import override

from ioc.broadcasts import BroadcastOrder, BroadcastView, Framing, LoudspeakerId
from ioc.broadcasts.values import Level, Priority, Status, WhenInterrupted
from ioc.sounds import Chime
from ioc.web.api.shapes import Instant, Sha256Text, Shape, Switch, Text, not_text
from ioc.web.reading.broadcasts import Told, decide_verdict


class FramingShape(Shape):
    """What is put around an announcement, to be heard with it."""

    chime: Chime = "none"
    status: Status = "actual"

    @property
    def framing(self) -> Framing:
        """The framing as the studio names it."""
        return Framing(chime=self.chime, status=self.status)


Reading = Annotated[Text, Field(min_length=1, max_length=200)]


class TextShape(FramingShape):
    """A text to preview."""

    text: Annotated[Text, Field(min_length=1, max_length=1_000)]
    said_twice: Switch = False
    """As an emergency must be."""
    readings: Annotated[dict[Reading, Reading], Field(default_factory=dict, max_length=50)]
    """The author's answers to questions: what is written to what is said."""

    @property
    @override
    def framing(self) -> Framing:
        """The framing as the studio names it."""
        return Framing(chime=self.chime, status=self.status, said_twice=self.said_twice)


class QuestionShape(Shape):
    """What only the author knows."""

    written: str
    read_as: str
    why: Literal["unknown", "ambiguous", "no_such_day"]
    choices: list[str]


class PreviewShape(Shape):
    """What was rendered; hear it at `/api/audio/{audio_sha256}`."""

    audio_sha256: str
    duration_s: float
    spoken_text: str
    text: str
    """What an order must repeat."""
    questions: list[QuestionShape]


class LoudspeakerShape(Shape):
    """Which loudspeaker."""

    gateway_id: Annotated[Text, Field(max_length=63)]
    device_id: Annotated[Text, Field(max_length=63)]

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


class WhereAndHowShape(Shape):
    """Where something is played, how urgent it is, and when it begins."""

    loudspeakers: Annotated[list[LoudspeakerShape], Field(min_length=1, max_length=200)]
    source: Literal["console", "phone"] = "console"
    priority: Priority = "routine"
    level: Level | None = None
    """Null: the highest that the person speaks for."""
    status: Status = "actual"
    not_before: Instant | None = None
    """When it starts; null: at once."""
    request_id: Annotated[Text, Field(max_length=64)] | None = None
    """The same id sent again is answered with the first broadcast: lost answers play nothing twice."""


class OrderShape(WhereAndHowShape):
    """A broadcast to order; the text as previewed by the same person."""

    text: Annotated[Text, Field(min_length=1, max_length=1_000)]
    audio_sha256: Sha256Text
    when_interrupted: WhenInterrupted = "drop"
    turns: Annotated[int, Field(ge=1, le=6), not_text] = 1
    """In how many turns neighbouring clusters speak; 1: all together."""
    alarm_id: Annotated[Text, Field(max_length=36)] | None = None

    @property
    def order(self) -> BroadcastOrder:
        """The order as the broadcast desk takes it."""
        return BroadcastOrder(
            text=self.text,
            audio_sha256=self.audio_sha256,
            loudspeakers=tuple(speaker.key for speaker in self.loudspeakers),
            source=self.source,
            priority=self.priority,
            level=self.level,
            status=self.status,
            not_before=self.not_before,
            when_interrupted=self.when_interrupted,
            turns=self.turns,
            alarm_id=self.alarm_id,
        )


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
    hearing: str | None
    """`heard`, `not_heard`, `inconclusive`; null: no microphone has been compared."""
    told_in_person_by: str | None


class BroadcastShape(Shape):
    """A broadcast with the proof of each loudspeaker."""

    broadcast_id: str
    text: str
    spoken_text: str
    audio_sha256: str
    duration_s: float
    priority: str
    kind: str
    level: str
    status: str
    not_before: datetime | None
    stream_url: str | None
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
                    hearing=delivery.hearing,
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
            kind=view.kind,
            level=view.level,
            status=view.status,
            not_before=view.not_before,
            stream_url=view.stream_url,
            alarm_id=view.alarm_id,
            created_at=view.created_at,
            expires_at=view.expires_at,
            verdict=decide_verdict(view.deliveries).key,
            deliveries=deliveries,
        )
