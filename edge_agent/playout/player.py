"""The player: orders, decoded audio and the pacer's events to the loudspeakers they concern.

It runs in one thread and never waits; every input comes through `take`, time through `advance`.
"""

from collections.abc import Callable
from typing import assert_never

import structlog

from edge_agent.playout.channel import Channel, Workshop
from edge_agent.playout.decoding.decoder import Decoded
from edge_agent.playout.material.relays import Relays, StreamChanged
from edge_agent.playout.material.shelf import Decodes, Shelf
from edge_agent.playout.messages import Install, Play, Progress, Relay, Report, Stop
from edge_agent.playout.muster import Muster
from edge_agent.playout.pacing.events import Began, Ended, PacerEvent, Pacing, SinkState
from edge_agent.playout.pacing.pacer import Pacer
from edge_agent.playout.sinks import OpenSink, open_sink

Order = Install | Play | Relay | Stop
Input = Order | Decoded | StreamChanged | PacerEvent

log = structlog.get_logger(__name__)


class Player:
    """All loudspeakers of one gateway."""

    def __init__(
        self,
        *,
        pacer: Pacer,
        decoder: Decodes,
        relays: Relays,
        report: Callable[[Report], None],
        open_sink: OpenSink = open_sink,
    ) -> None:
        """Args: the caller closes the pacer between `stop` and `close`, the others after it."""
        self._workshop = Workshop(
            pacer=pacer,
            shelf=Shelf(decoder),
            relays=relays,
            muster=Muster(),
            report=report,
            open_sink=open_sink,
        )
        self._channels: dict[str, Channel] = {}
        self._arrivals = 0

    def take(self, item: Input, *, now_s: float) -> None:
        """Take one order or event at the monotonic instant `now_s`; `advance` must follow."""
        match item:
            case Install():
                self._install(item, now_s)
            case Play() | Relay():
                self._play(item, now_s)
            case Stop():
                self._stop(item, now_s)
            case Decoded():
                self._workshop.shelf.put(item)
            case StreamChanged():
                pass  # `advance` looks at it
            case Began() | Ended() | SinkState():
                self._channels[item.loudspeaker_id].follow(item)
            case Pacing():
                log.info("pacing", realtime=item.realtime)
            case _:
                assert_never(item)

    def advance(self, *, now_s: float) -> None:
        """Do what is due by now on every loudspeaker; what starts now starts on one beat."""
        for channel in self._channels.values():
            channel.prepare(now_s=now_s)
        starting = [
            playback
            for channel in self._channels.values()
            for playback in channel.start(now_s=now_s)
        ]
        if starting:
            self._workshop.pacer.start(starting)

    def next_instant_s(self, *, now_s: float) -> float | None:
        """When `advance` has something to do by time alone; None: only after an input."""
        instants = [channel.next_instant_s(now_s=now_s) for channel in self._channels.values()]
        instants.append(self._workshop.muster.next_instant_s(now_s=now_s))
        return min((instant for instant in instants if instant is not None), default=None)

    def stop(self, *, now_s: float) -> None:
        """Stop everything and report it."""
        for channel in self._channels.values():
            channel.stop(None, now_s=now_s)

    def close(self) -> None:
        """Close every sink; the pacer must have ended."""
        for channel in self._channels.values():
            channel.close()

    def _install(self, order: Install, now_s: float) -> None:
        channel = self._channels.get(order.loudspeaker_id)
        if channel is None:
            channel = Channel(order, self._workshop)
            self._channels[order.loudspeaker_id] = channel
        channel.install(order, now_s=now_s)

    def _play(self, order: Play | Relay, now_s: float) -> None:
        channel = self._channels.get(order.loudspeaker_id)
        if channel is not None:
            self._arrivals += 1
            channel.accept(order, arrival_number=self._arrivals, now_s=now_s)
            return
        self._workshop.report(
            Progress(
                broadcast_id=order.broadcast_id,
                loudspeaker_id=order.loudspeaker_id,
                state="failed",
                at_s=now_s,
                detail="this loudspeaker is not in the gateway's configuration",
            )
        )

    def _stop(self, order: Stop, now_s: float) -> None:
        for loudspeaker_id, channel in self._channels.items():
            if order.loudspeaker_id in {None, loudspeaker_id}:
                channel.stop(order.broadcast_id, now_s=now_s)
