"""The player: orders, decoded audio and the pacer's events to the loudspeakers they concern.

It runs in one thread and never waits; every input comes through `take`, time through `advance`.
"""

from collections.abc import Callable
from typing import assert_never

import structlog

from edge_agent.playout.channel import Channel, Workshop
from edge_agent.playout.decoding.decoder import Decoded, Decoder
from edge_agent.playout.messages import Install, Play, Progress, Report, Stop
from edge_agent.playout.pacer import Began, Ended, Pacer, PacerEvent, Pacing, SinkState
from edge_agent.playout.shelf import Shelf

Order = Install | Play | Stop
Input = Order | Decoded | PacerEvent

log = structlog.get_logger(__name__)


class Player:
    """All loudspeakers of one gateway."""

    def __init__(self, *, pacer: Pacer, decoder: Decoder, report: Callable[[Report], None]) -> None:
        """Args: the caller closes pacer and decoder, after `close`."""
        self._workshop = Workshop(pacer=pacer, shelf=Shelf(decoder), report=report)
        self._channels: dict[str, Channel] = {}
        self._arrivals = 0

    def take(self, item: Input, *, now_s: float) -> None:
        """Take one order or event at the monotonic instant `now_s`; `advance` must follow."""
        match item:
            case Install():
                self._install(item, now_s)
            case Play():
                self._play(item, now_s)
            case Stop():
                self._stop(item, now_s)
            case Decoded():
                for loudspeaker_id, broadcast_id in self._workshop.shelf.put(item):
                    self._channels[loudspeaker_id].make_ready(broadcast_id, item, now_s=now_s)
            case Began() | Ended() | SinkState():
                self._channels[item.loudspeaker_id].follow(item)
            case Pacing():
                log.info("pacing", realtime=item.realtime)
            case _:
                assert_never(item)

    def advance(self, *, now_s: float) -> None:
        """Do what is due by now on every loudspeaker; what starts now starts on one beat."""
        starting = [
            playback
            for channel in self._channels.values()
            for playback in channel.advance(now_s=now_s)
        ]
        if starting:
            self._workshop.pacer.start(starting)

    def next_instant_s(self, *, now_s: float) -> float | None:
        """When `advance` has something to do by time alone; None: only after an input."""
        instants = (channel.next_instant_s(now_s=now_s) for channel in self._channels.values())
        return min((instant for instant in instants if instant is not None), default=None)

    def close(self, *, now_s: float) -> None:
        """Stop everything, report it, and close every sink."""
        for channel in self._channels.values():
            channel.close(now_s=now_s)

    def _install(self, order: Install, now_s: float) -> None:
        channel = self._channels.get(order.loudspeaker_id)
        if channel is None:
            channel = Channel(order.loudspeaker_id, order.sink, self._workshop)
            self._channels[order.loudspeaker_id] = channel
        channel.install(order.sink, now_s=now_s)

    def _play(self, order: Play, now_s: float) -> None:
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
