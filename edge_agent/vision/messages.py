"""What the agent and its vision child say to each other, one JSON object per line; pure."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Polygon = Annotated[tuple[tuple[Share, Share], ...], Field(min_length=3)]
Box = tuple[Share, Share, Share, Share]
"""Left, top, width, height as shares of the picture's width and height."""
LossReason = Literal["unreachable", "auth_failed", "stalled", "undecodable", "ended"]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Zone(_Line):
    """A part of the picture with a purpose; shares of width and height, origin top left."""

    name: str
    purpose: Literal["no_dumping", "motion"]
    polygon: Polygon


class Watch(_Line):
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
    unattended_s: float = 10.0
    sensitivity: Share = 0.5


class Forget(_Line):
    """Stop watching one camera; no `Lost` follows."""

    do: Literal["forget"] = "forget"
    camera_id: str


Order = Annotated[Watch | Forget, Field(discriminator="do")]


class Picture(_Line):
    """A JPEG that the child wrote, complete and fsynced, to `{spool}/{sha256}.jpg`."""

    role: Literal["before", "depositing", "after"]
    sha256: str
    width_px: int
    height_px: int
    size_bytes: int
    taken_at_s: float


class _Finding(_Line):
    camera_id: str
    at_s: float
    """Seconds of the child's monotonic clock (`time.monotonic`, the same on the whole machine)."""


class Seen(_Finding):
    """The first picture was decoded: the camera works."""

    say: Literal["seen"] = "seen"
    width_px: int
    height_px: int
    nominal_fps: float


class Lost(_Finding):
    """The watch has ended; `detail` is for the technician and holds no credentials."""

    say: Literal["lost"] = "lost"
    reason: LossReason
    detail: str


class MotionStarted(_Finding):
    """Something moves in a zone since `at_s`."""

    say: Literal["motion_started"] = "motion_started"
    zone: str
    share: Share
    """Largest share of the zone that moved."""


class MotionEnded(_Finding):
    """Nothing has moved in the zone since `at_s`."""

    say: Literal["motion_ended"] = "motion_ended"
    zone: str
    duration_s: float


class LitteringConfirmed(_Finding):
    """A left object has been unattended for long enough."""

    say: Literal["littering_confirmed"] = "littering_confirmed"
    object_id: str
    zone: str
    box: Box
    deposited_at_s: float
    left_at_s: float | None
    """When the last person beside it walked away; None: nobody was seen beside it."""
    unattended_s: float
    score: Share
    reasons: tuple[str, ...]
    """Short English codes such as `static_14s`, `appeared_with_figure`, `contrast_0.31`."""
    pictures: tuple[Picture, ...]


class LitteringEnded(_Finding):
    """A confirmed object is gone: taken by who left it (`reclaimed`) or by others (`cleared`)."""

    say: Literal["littering_ended"] = "littering_ended"
    object_id: str
    zone: str
    ending: Literal["cleared", "reclaimed"]
    pictures: tuple[Picture, ...] = ()


class Health(_Finding):
    """Sent every 10 s for each watched camera."""

    say: Literal["health"] = "health"
    fps: float
    """Frames received per second (not frames decoded)."""
    decode_errors: int
    """Since the watch began."""
    dropped_frames: int
    ring_bytes: int
    motion_s: float
    """Seconds with motion since the last `Health`."""


Finding = Annotated[
    Seen | Lost | MotionStarted | MotionEnded | LitteringConfirmed | LitteringEnded | Health,
    Field(discriminator="say"),
]

ORDER: TypeAdapter[Watch | Forget] = TypeAdapter(Order)
FINDING: TypeAdapter[
    Seen | Lost | MotionStarted | MotionEnded | LitteringConfirmed | LitteringEnded | Health
] = TypeAdapter(Finding)
