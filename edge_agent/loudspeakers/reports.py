"""What the player reports of a broadcast, put on record: proof of play."""

from functools import partial

from contracts.events import BroadcastProgress, BroadcastState
from contracts.telemetry import Metric
from edge_agent.orders import playbacks
from edge_agent.outbox import Outbox
from edge_agent.playout.messages import Progress
from edge_agent.telemetry import Samples

_LONGEST_DETAIL = 200


async def record_progress(outbox: Outbox, progress: Progress, samples: Samples) -> None:
    """Record one step; what is no broadcast of anybody's leaves only how punctual it was."""
    loudspeaker_id = progress.loudspeaker_id
    if progress.state == "finished":
        late_ms = progress.lateness_p99_ms
        samples.add(Metric.FRAMES_LATE_MS, late_ms, device_id=loudspeaker_id, at_s=progress.at_s)
    step = BroadcastProgress(
        broadcast_id=progress.broadcast_id,
        state=BroadcastState(progress.state),
        seconds_sent=max(0.0, progress.seconds_sent),
        underruns=progress.underruns,
        detail=progress.detail[:_LONGEST_DETAIL],
    )
    await outbox.write(
        partial(
            playbacks.report,
            loudspeaker_id=loudspeaker_id,
            progress=step,
            moment=outbox.timekeeper.moment(progress.at_s),
        )
    )
