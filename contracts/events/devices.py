"""How cameras and loudspeakers of a gateway fare; pure."""

from enum import StrEnum

from contracts.codec import Name, Seconds
from contracts.events.event_data import EventData, Pictures
from contracts.events.sightings import Corroborations


class DeviceKind(StrEnum):
    """What a device is."""

    CAMERA = "camera"
    LOUDSPEAKER = "loudspeaker"


class DownReason(StrEnum):
    """Why a device cannot be used."""

    UNREACHABLE = "unreachable"
    AUTH_FAILED = "auth_failed"
    STALLED = "stalled"
    UNDECODABLE = "undecodable"
    ENDED = "ended"
    CONFIGURATION = "configuration"
    BUSY = "busy"
    """Somebody else uses it, and it takes one at a time."""


class DeviceDown(EventData):
    """A device cannot be used since `occurred_at`."""

    device_kind: DeviceKind
    reason: DownReason
    detail: Name = ""


class DeviceUp(EventData):
    """A device can be used: for the first time in a run of the gateway, or again."""

    device_kind: DeviceKind
    down_s: Seconds
    """0 the first time."""


class LoudspeakerDescribed(EventData):
    """What a loudspeaker says of itself; told when it is first read and when it changes."""

    maker: Name = ""
    model: Name = ""
    firmware: Name = ""
    serial_number: Name = ""


class CameraCondition(StrEnum):
    """Why pictures come, but cannot be relied on."""

    FROZEN = "frozen"
    BLACK = "black"
    BLURRED = "blurred"
    COVERED = "covered"
    MOVED = "moved"
    EXPOSURE = "exposure"
    LOW_FRAME_RATE = "low_frame_rate"
    DECODE_ERRORS = "decode_errors"
    CLOCK_DRIFT = "clock_drift"
    MAIN_STREAM = "main_stream"
    """Its main stream does not come: clips are cut from the sub-stream."""


class CameraDegraded(EventData):
    """A camera works, but its pictures cannot be relied on since `occurred_at`."""

    condition: CameraCondition
    detail: Name = ""
    """For the technician: what was measured."""
    pictures: Pictures = ()
    corroborated_by: Corroborations = ()


class CameraRecovered(EventData):
    """One condition of a camera is over."""

    condition: CameraCondition
    lasted_s: Seconds
