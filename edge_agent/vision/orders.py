"""What the agent tells its vision child, one JSON object per line; pure."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Polygon = Annotated[tuple[tuple[Share, Share], ...], Field(min_length=3)]
"""Corners as shares of the picture's width and height, origin top left."""
Box = tuple[Share, Share, Share, Share]
"""Left, top, width, height as shares of the picture's width and height."""


class Line(BaseModel):
    """One line over the pipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Purpose = Literal["no_dumping", "motion", "intrusion", "loitering", "crowding"]


class Zone(Line):
    """A part of the picture with a purpose."""

    name: str
    purpose: Purpose
    polygon: Polygon
    armed: bool = True
    """Outside the zone's hours it watches nothing; `Arm` changes it."""
    present_s: float = 1.0
    """Intrusion, loitering: how long somebody must be there; crowding: how long it must last."""
    crowd_share: Share = 0.35
    """Crowding: share of the zone that is covered."""


class Fixture(Line):
    """Something that belongs where it stands, as an operator has said."""

    fixture_id: str
    zone: str
    box: Box
    looks: str = ""
    """Base64 of a small luma picture of it, PNG; empty: only its place counts."""


class Detector(Line):
    """An ONNX model that looks at candidates; everything works without it."""

    model_file: str
    sha256: str
    labels: tuple[str, ...] = ()
    """Names of the model's classes in their order; empty: the 80 of COCO."""
    least_confidence: Share = 0.4


class Watch(Line):
    """Begin to watch one camera; it ends with `Lost` or `Forget`."""

    do: Literal["watch"] = "watch"
    camera_id: str
    analysis_uri: str
    """Sub-stream with credentials; goes over the pipe only, never into argv or a log."""
    evidence_uri: str | None = None
    """Main stream whose ring is kept for evidence; None: the analysis stream serves."""
    zones: tuple[Zone, ...] = ()
    masks: tuple[Polygon, ...] = ()
    """Privacy masks, burnt black into every picture before it is written."""
    fixtures: tuple[Fixture, ...] = ()
    unattended_s: float = 10.0
    sensitivity: Share = 0.5
    clip_before_s: float = 8.0
    clip_after_s: float = 4.0
    """How much of the clip lies before the deposit and after the confirmation."""
    detector: Detector | None = None


class Forget(Line):
    """Stop watching one camera; no `Lost` follows."""

    do: Literal["forget"] = "forget"
    camera_id: str


class Arm(Line):
    """From now on a zone watches, or does not."""

    do: Literal["arm"] = "arm"
    camera_id: str
    zone: str
    armed: bool


class MarkFixture(Line):
    """An object belongs there: it ends, and a `FixtureLearned` follows."""

    do: Literal["mark_fixture"] = "mark_fixture"
    camera_id: str
    object_id: str


class ForgetFixture(Line):
    """The like of a fixture is reported again; nothing follows."""

    do: Literal["forget_fixture"] = "forget_fixture"
    camera_id: str
    fixture_id: str


class NoteClock(Line):
    """How far the camera's clock is from the right time; nothing follows at once."""

    do: Literal["note_clock"] = "note_clock"
    camera_id: str
    offset_s: float | None
    """Camera's minus right; None: not known."""


Afterthought = Arm | MarkFixture | ForgetFixture | NoteClock
"""What the watch of a camera is told while it runs."""
Order = Watch | Forget | Afterthought
ORDER: TypeAdapter[Order] = TypeAdapter(Annotated[Order, Field(discriminator="do")])
