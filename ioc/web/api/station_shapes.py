"""Talk-downs, self-tests and the station log as the JSON interface takes and answers them."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from ioc.station import LogEntry, TalkDownSetting, TalkDownView
from ioc.web.api.broadcast_shapes import LoudspeakerShape
from ioc.web.api.shapes import Number, Sha256Text, Shape, Text, not_text

_Id = Annotated[Text, Field(min_length=1, max_length=63)]
_Text = Annotated[Text, Field(min_length=1, max_length=1_000)]
_Hours = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d$")]


class TalkDownShape(Shape):
    """What a gateway is to say at a camera; texts as previewed by the same person."""

    gateway_id: _Id
    camera_id: _Id
    zone: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    causes: Annotated[
        list[Literal["littering", "intrusion", "loitering"]], Field(min_length=1, max_length=3)
    ]
    loudspeaker_ids: Annotated[list[_Id], Field(min_length=1, max_length=200)]
    text: _Text
    audio_sha256: Sha256Text
    night_text: _Text | None = None
    night_audio_sha256: Sha256Text | None = None
    hours: Annotated[tuple[_Hours, ...], Field(max_length=8)] = ()
    cool_down_s: Annotated[Number, Field(ge=0, le=86_400)] = 120.0
    daily_limit: Annotated[int, Field(ge=0, le=1_000), not_text] = 20
    night_volume_db: Annotated[Number, Field(ge=-40, le=0)] = -6.0

    @property
    def setting(self) -> TalkDownSetting:
        """The setting as the station names it."""
        is_night = self.night_text is not None and self.night_audio_sha256 is not None
        return TalkDownSetting(
            gateway_id=self.gateway_id,
            camera_id=self.camera_id,
            zone=self.zone,
            causes=tuple(dict.fromkeys(self.causes)),
            loudspeaker_ids=tuple(dict.fromkeys(self.loudspeaker_ids)),
            text=self.text,
            audio_sha256=self.audio_sha256,
            night_text=self.night_text if is_night else None,
            night_audio_sha256=self.night_audio_sha256 if is_night else None,
            hours=self.hours,
            cool_down_s=self.cool_down_s,
            daily_limit=self.daily_limit,
            night_volume_db=self.night_volume_db,
        )


class KeptTalkDown(TalkDownShape):
    """A talk-down as it stands."""

    talk_down_id: str
    changed_by: str
    changed_at: datetime
    told: str
    """What became of telling the gateway: empty, pending, done, failed, refused or expired."""

    @classmethod
    def of(cls, view: TalkDownView) -> Self:
        """Return the talk-down as answered."""
        kept = view.setting
        return cls(
            gateway_id=kept.gateway_id,
            camera_id=kept.camera_id,
            zone=kept.zone,
            causes=list(kept.causes),
            loudspeaker_ids=list(kept.loudspeaker_ids),
            text=kept.text,
            audio_sha256=kept.audio_sha256,
            night_text=kept.night_text,
            night_audio_sha256=kept.night_audio_sha256,
            hours=kept.hours,
            cool_down_s=kept.cool_down_s,
            daily_limit=kept.daily_limit,
            night_volume_db=kept.night_volume_db,
            talk_down_id=view.talk_down_id,
            changed_by=view.changed_by,
            changed_at=view.changed_at,
            told=view.told,
        )


class TestShape(Shape):
    """Which loudspeakers to test."""

    loudspeakers: Annotated[list[LoudspeakerShape], Field(min_length=1, max_length=200)]


class OrderedTest(Shape):
    """A self-test that was ordered."""

    test_id: str


class LogStepShape(Shape):
    """One step of one loudspeaker."""

    state: str
    at: datetime
    seconds_sent: float


class LogLineShape(Shape):
    """What one loudspeaker did with one broadcast."""

    gateway_id: str
    device_id: str
    name: str
    area_id: str
    state: str
    started_at: datetime | None
    finished_at: datetime | None
    seconds_sent: float
    underruns: int
    interruptions: int
    detail: str
    hearing: str | None
    score: float | None
    camera_id: str | None
    steps: list[LogStepShape]


class LogEntryShape(Shape):
    """One broadcast in the station log."""

    broadcast_id: str
    kind: str
    author: str
    source: str
    text: str
    spoken_text: str
    audio_sha256: str
    duration_s: float
    priority: str
    level: str
    status: str
    approved_by: str | None
    repeat_of: str | None
    stream_url: str | None
    answer: str | None
    created_at: datetime
    lines: list[LogLineShape]

    @classmethod
    def of(cls, entry: LogEntry) -> Self:
        """Return the entry as answered."""
        return cls.model_validate(entry)
