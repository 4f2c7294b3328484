"""What went wrong with a loudspeaker, by who must act; pure."""

from dataclasses import dataclass

from drivers.loudspeaker import DeviceBusy, LoudspeakerError, SinkUnusable, WrongPassword
from edge_agent.playout.messages import FaultReason


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why a loudspeaker cannot be used now."""

    reason: FaultReason
    detail: str

    @property
    def is_lasting(self) -> bool:
        """Trying again at once cannot help, and could lock an account."""
        return self.reason in {"auth_failed", "configuration"}


def fault_of(error: LoudspeakerError) -> Fault:
    """What a driver's error means."""
    reason: FaultReason = "unreachable"
    match error:
        case WrongPassword():
            reason = "auth_failed"
        case DeviceBusy():
            reason = "busy"
        case SinkUnusable():
            reason = "configuration"
        case _:
            pass
    return Fault(reason=reason, detail=str(error))
