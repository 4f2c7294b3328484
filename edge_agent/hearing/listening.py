"""What is listened for and what came of it; values only."""

from dataclasses import dataclass, field
from pathlib import Path

from contracts.events import Hearing


class MicrophoneUnavailable(Exception):
    """The camera's microphone cannot be reached now; the text says why, for the technician."""


@dataclass(frozen=True, kw_only=True)
class MicrophoneAddress:
    """Where a camera's sound is; with the account, so it goes over a pipe only."""

    uri: str = field(repr=False)
    """RTSP; its audio track is the only one that is asked for."""


@dataclass(frozen=True, kw_only=True)
class Listening:
    """One broadcast on one loudspeaker, and the cameras that may hear it."""

    broadcast_id: str
    loudspeaker_id: str
    camera_ids: tuple[str, ...]
    """Nearest first; none: the verdict says that no camera is near."""
    audio_path: Path
    """What is played: a complete file that stays until the verdict."""
    started_at_s: float
    """When its first frame left or will leave, on the machine's monotonic clock."""
    expected_s: float
    """How long it will play, for a guess at when to give up an `end` that never comes."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the best of the microphones says of one broadcast on one loudspeaker."""

    broadcast_id: str
    loudspeaker_id: str
    camera_id: str | None
    """None: there was no camera to ask."""
    hearing: Hearing
    score: float
    """Peak of the whitened cross-correlation, in standard deviations of its noise."""
    threshold: float
    """The score from which a broadcast may count as heard."""
    measured_s: float
    """Seconds of the broadcast that were compared."""
    lag_s: float | None
    """From the loudspeaker's frame to the microphone's; None: nothing was recognised."""
    detail: str
    """What the technician should know: why it is inconclusive, or what limits the proof."""
