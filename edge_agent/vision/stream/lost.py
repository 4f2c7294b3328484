"""Why a stream cannot be watched any longer. Pure."""

from edge_agent.vision.findings import LossReason


class SourceLost(Exception):
    """The stream cannot be watched any longer; the technician sees `detail`."""

    def __init__(self, reason: LossReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: LossReason = reason
        self.detail = detail
