"""Why a stream cannot be watched any longer. Pure."""

from edge_agent.vision.findings import LossReason

KEYFRAME_WAIT_S = 30.0
"""Without a keyframe nothing can be decoded; some cameras send one every 20 s."""


class SourceLost(Exception):
    """The stream cannot be watched any longer; the technician sees `detail`."""

    def __init__(self, reason: LossReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: LossReason = reason
        self.detail = detail
