"""Recordings, phrases and relays as the JSON interface takes and answers them."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from contracts.commands import LONGEST_RELAY_S
from ioc.broadcasts import BroadcastOrder, RelayedStream
from ioc.broadcasts.sources.phrases import Bank, PhraseOrder
from ioc.broadcasts.sources.vocabulary import LANGUAGES, LONGEST_PATTERN
from ioc.web.api.broadcast_shapes import FramingShape, WhereAndHowShape
from ioc.web.api.shapes import Number, Shape, Text

Title = Annotated[Text, Field(max_length=200)]


class RecordingShape(FramingShape):
    """A recording of one's own, to be heard with what surrounds it."""

    title: Title = ""


class StationShape(Shape):
    """A station that may be relayed."""

    name: str
    stream_url: str


class RelayShape(WhereAndHowShape):
    """A stream to pass on; it joins in again after an interruption."""

    title: Annotated[Text, Field(min_length=1, max_length=200)]
    stream_url: Annotated[Text, Field(min_length=1, max_length=500)]
    duration_s: Annotated[Number, Field(gt=0, le=LONGEST_RELAY_S)]

    @property
    def order(self) -> BroadcastOrder:
        """The order as the broadcast desk takes it."""
        return BroadcastOrder(
            text=" ".join(self.title.split()),
            audio_sha256="",
            loudspeakers=tuple(speaker.key for speaker in self.loudspeakers),
            source=self.source,
            priority=self.priority,
            level=self.level,
            status=self.status,
            not_before=self.not_before,
            when_interrupted="resume",
            relay=RelayedStream(stream_url=self.stream_url, duration_s=self.duration_s),
        )


class PhraseShape(Shape):
    """Something to record, and what it means in Vietnamese."""

    key: str
    meaning: str


class RecordedShape(PhraseShape):
    """What somebody has recorded; hear it at `/api/audio/{audio_sha256}`."""

    audio_sha256: str
    recorded_by: str
    recorded_at: datetime


class TemplateShape(Shape):
    """A sentence with slots."""

    template_id: str
    pattern: str
    slots: list[str]


class PlaceShape(Shape):
    """A place that sentences may name."""

    place_id: str
    name: str


class BankShape(Shape):
    """All phrases of one language, and which are missing."""

    language: str
    name: str
    templates: list[TemplateShape]
    places: list[PlaceShape]
    recorded: list[RecordedShape]
    missing: list[PhraseShape]

    @classmethod
    def of(cls, bank: Bank) -> Self:
        """Return the bank as answered."""
        return cls(
            language=bank.language,
            name=LANGUAGES[bank.language],
            templates=[
                TemplateShape(
                    template_id=each.template_id, pattern=each.pattern, slots=list(each.slots)
                )
                for each in bank.templates
            ],
            places=[PlaceShape(place_id=key, name=name) for key, name in bank.places.items()],
            recorded=[
                RecordedShape(
                    key=each.phrase.key,
                    meaning=each.phrase.meaning,
                    audio_sha256=each.audio_sha256,
                    recorded_by=each.recorded_by,
                    recorded_at=each.recorded_at,
                )
                for each in bank.recorded.values()
            ],
            missing=[PhraseShape(key=each.key, meaning=each.meaning) for each in bank.missing],
        )


class PatternShape(Shape):
    """A sentence to add: "Họp lúc {giờ} tại {nơi}"."""

    pattern: Annotated[Text, Field(min_length=1, max_length=LONGEST_PATTERN)]


class NameShape(Shape):
    """A place to add."""

    name: Annotated[Text, Field(min_length=1, max_length=200)]


class MadeShape(Shape):
    """What was added."""

    made_id: str


Value = Annotated[Text, Field(max_length=40)]


class PhraseOrderShape(FramingShape):
    """A sentence to put together from recordings."""

    template_id: Annotated[Text, Field(max_length=36)]
    slots: Annotated[dict[Value, Value], Field(default_factory=dict, max_length=4)]

    def order(self, language: str) -> PhraseOrder:
        """Return the order as the phrase bank takes it."""
        return PhraseOrder(language=language, template_id=self.template_id, slots=self.slots)
