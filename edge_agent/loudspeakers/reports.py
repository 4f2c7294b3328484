"""What the player reports, put on record: proof of play, and which loudspeakers work."""

from collections.abc import Mapping
from functools import partial

from contracts.events import BroadcastProgress, BroadcastState, DownReason
from edge_agent.device_health import DeviceHealth
from edge_agent.orders import playbacks
from edge_agent.outbox import Outbox
from edge_agent.playout.messages import Progress, SinkFault

_LONGEST_DETAIL = 200


class LoudspeakerReports:
    """Where the player's reports go."""

    def __init__(self, outbox: Outbox, healths: Mapping[str, DeviceHealth]) -> None:
        self._outbox = outbox
        self._healths = healths

    async def take(self, report: Progress | SinkFault) -> None:
        """Record one report."""
        if isinstance(report, Progress):
            await self._record(report)
        elif report.loudspeaker_id in self._healths:
            await self._judge(report, self._healths[report.loudspeaker_id])

    async def _record(self, progress: Progress) -> None:
        step = BroadcastProgress(
            broadcast_id=progress.broadcast_id,
            state=BroadcastState(progress.state),
            seconds_sent=max(0.0, progress.seconds_sent),
            underruns=progress.underruns,
            detail=progress.detail[:_LONGEST_DETAIL],
        )
        await self._outbox.write(
            partial(
                playbacks.report,
                loudspeaker_id=progress.loudspeaker_id,
                progress=step,
                moment=self._outbox.timekeeper.moment(progress.at_s),
            )
        )

    @staticmethod
    async def _judge(report: SinkFault, health: DeviceHealth) -> None:
        if report.fault is None:
            await health.say_up(report.at_s)
        else:
            await health.say_down(DownReason.UNREACHABLE, report.fault, since_s=report.at_s)
