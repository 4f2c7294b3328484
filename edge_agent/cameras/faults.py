"""Why a camera cannot be watched, whoever noticed it.

CameraFault
└── CameraRefused   tried again slowly, so that the account is not locked
"""

from contracts.events import DownReason


class CameraFault(Exception):
    """The camera cannot be watched now; it is tried again."""

    def __init__(
        self, reason: DownReason, detail: str, *, at_s: float, patience_s: float = 0.0
    ) -> None:
        """Args: `patience_s` is how long it may last before it is worth telling."""
        self.reason = reason
        self.detail = detail
        self.at_s = at_s
        self.patience_s = patience_s
        super().__init__(f"{reason}: {detail}" if detail else str(reason))


class CameraRefused(CameraFault):
    """The camera refuses the account, or the configuration cannot work; somebody must mend it."""


def make_fault(reason: DownReason, detail: str, *, at_s: float) -> CameraFault:
    """Return the fault for a reason."""
    slow = reason in {DownReason.AUTH_FAILED, DownReason.CONFIGURATION}
    return (CameraRefused if slow else CameraFault)(reason, detail, at_s=at_s)
