"""What the vision child tells the agent, one JSON object per line; pure.

Times are seconds of the child's monotonic clock (`time.monotonic`, one for the whole machine).
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from edge_agent.vision.orders import Box, Fixture, Line, Share

LossReason = Literal[
    "unreachable", "auth_failed", "stalled", "undecodable", "ended", "configuration"
]
PictureRole = Literal["before", "depositing", "after", "shown"]
EvidenceKind = PictureRole | Literal["clip"]
Edge = Literal["left", "right", "top", "bottom"]
Condition = Literal[
    "frozen",
    "black",
    "blurred",
    "covered",
    "moved",
    "exposure",
    "low_frame_rate",
    "decode_errors",
    "clock_drift",
    "main_stream",
]


class Picture(Line):
    """A JPEG that the child wrote, complete and fsynced, to `{spool}/{sha256}.jpg`."""

    role: PictureRole
    sha256: str
    width_px: int
    height_px: int
    size_bytes: int
    taken_at_s: float


class Clip(Line):
    """An MP4 that the child wrote, complete and fsynced, to `{spool}/{sha256}.mp4`."""

    sha256: str
    codec: Literal["h264", "hevc"]
    width_px: int
    height_px: int
    size_bytes: int
    begins_at_s: float
    duration_s: float
    encoded_again: bool


class Finding(Line):
    """Something about one camera."""

    camera_id: str
    at_s: float


class Seen(Finding):
    """The first picture was decoded: the camera works."""

    say: Literal["seen"] = "seen"
    width_px: int
    height_px: int
    nominal_fps: float


class Lost(Finding):
    """The watch has ended; `detail` is for the technician and holds no credentials."""

    say: Literal["lost"] = "lost"
    reason: LossReason
    detail: str


class MotionStarted(Finding):
    """Something moves in a zone since `at_s`."""

    say: Literal["motion_started"] = "motion_started"
    zone: str
    share: Share
    """Largest share of the zone that moved."""


class MotionEnded(Finding):
    """Nothing has moved in the zone since `at_s`."""

    say: Literal["motion_ended"] = "motion_ended"
    zone: str
    duration_s: float


class PathPoint(Line):
    """Where a figure's foot was, as shares of the picture."""

    at_s: float
    x: Share
    y: Share


class LitteringConfirmed(Finding):
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
    figure_box: Box | None = None
    path: tuple[PathPoint, ...] = ()
    came_from: Edge | None = None
    went_to: Edge | None = None


class LitteringEnded(Finding):
    """An object is gone: taken by who left it (`reclaimed`), by others (`cleared`), or a fixture.

    Only what a fixture was recognised in had not been confirmed before.
    """

    say: Literal["littering_ended"] = "littering_ended"
    object_id: str
    zone: str
    ending: Literal["cleared", "reclaimed", "fixture"]
    pictures: tuple[Picture, ...] = ()
    fixture_id: str = ""
    """What it was taken for before it was confirmed; empty: it had been confirmed."""


class FixtureLearned(Finding):
    """What an operator said belongs there; to be given back with the next `Watch`."""

    say: Literal["fixture_learned"] = "fixture_learned"
    object_id: str
    fixture: Fixture


class PresenceStarted(Finding):
    """Somebody is where nobody may be, stays too long, or many are there, since `at_s`."""

    say: Literal["presence_started"] = "presence_started"
    purpose: Literal["intrusion", "loitering", "crowding"]
    object_id: str
    zone: str
    box: Box
    """The figure; for crowding what of the zone is covered."""
    present_s: float
    share: Share
    """Of the zone that is covered."""
    pictures: tuple[Picture, ...] = ()


class PresenceEnded(Finding):
    """Nobody has been there since `at_s`."""

    say: Literal["presence_ended"] = "presence_ended"
    purpose: Literal["intrusion", "loitering", "crowding"]
    object_id: str
    zone: str
    duration_s: float


class ClipReady(Finding):
    """The clip of a littering object or a presence."""

    say: Literal["clip_ready"] = "clip_ready"
    object_id: str
    clip: Clip


class EvidenceMissed(Finding):
    """A picture or a clip could not be made, of either stream, and will not come."""

    say: Literal["evidence_missed"] = "evidence_missed"
    object_id: str
    """Empty: it was to show the camera's condition."""
    what: EvidenceKind
    why: str


class Degraded(Finding):
    """Pictures come, but cannot be relied on since `at_s`."""

    say: Literal["degraded"] = "degraded"
    condition: Condition
    detail: str
    pictures: tuple[Picture, ...] = ()


class Recovered(Finding):
    """A condition is over since `at_s`."""

    say: Literal["recovered"] = "recovered"
    condition: Condition
    lasted_s: float


class Health(Finding):
    """Sent every 10 s for each watched camera."""

    say: Literal["health"] = "health"
    fps: float
    """Frames received per second (not frames decoded)."""
    decoded_fps: float = 0.0
    decode_errors: int
    """Since the watch began."""
    dropped_frames: int
    ring_bytes: int
    motion_s: float
    """Seconds with motion since the last `Health`."""
    gate_separation: float | None = None
    told_share: float | None = None
    """The smallest share of the picture of which somebody must show in the packets' sizes."""
    sharpness: float | None = None
    """As a share of what this view usually has."""
    brightness: float | None = None
    """Mean luma as a share of the range."""
    clock_drift_s: float | None = None


AnyFinding = (
    Seen
    | Lost
    | MotionStarted
    | MotionEnded
    | LitteringConfirmed
    | LitteringEnded
    | FixtureLearned
    | PresenceStarted
    | PresenceEnded
    | ClipReady
    | EvidenceMissed
    | Degraded
    | Recovered
    | Health
)
FINDING: TypeAdapter[AnyFinding] = TypeAdapter(Annotated[AnyFinding, Field(discriminator="say")])
