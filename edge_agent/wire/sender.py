"""Sends what the outbox holds while the centre is online; decides by `outbox.sending` only."""

from contracts.ranges import Ranges
from contracts.state import Ack
from contracts.topics import Address, Channel
from edge_agent.clock import Clock
from edge_agent.outbox import Lane, Outbox
from edge_agent.outbox.sending import (
    LaneProgress,
    Sent,
    after_ack,
    after_sending,
    go_back_when_due,
    may_send,
    wake_at_s,
)
from edge_agent.wire.bus import Bus

BACKFILL_BYTES_PER_S = 64_000
"""A quarter of a 2 Mbit/s uplink: the past never crowds out the present."""

_CHANNELS = {
    Lane.LIVE: Channel.EVENTS_LIVE,
    Lane.BACKFILL: Channel.EVENTS_BACKFILL,
    Lane.TELEMETRY: Channel.TELEMETRY,
}


class Sender:
    """The lanes of one connection."""

    def __init__(self, outbox: Outbox, *, address: Address, clock: Clock) -> None:
        self._outbox = outbox
        self._address = address
        self._clock = clock
        self._online = False
        self._lanes = dict.fromkeys(Lane, LaneProgress())
        self.sent = Sent()

    def set_online(self, *, online: bool) -> None:
        """Send or hold; everything unacknowledged is sent again after a pause."""
        self._online = online
        self.start_over()

    def start_over(self) -> None:
        """Forget what is under way."""
        self._lanes = dict.fromkeys(Lane, LaneProgress())
        self._outbox.announce_news()

    def begin_epoch(self) -> None:
        """Forget what was sent: it is all sent again."""
        self.sent = Sent()

    def acknowledged(self, ack: Ack) -> None:
        """Make room in the windows for what the centre has committed."""
        self._advance(Lane.LIVE, ack.committed)
        self._advance(Lane.BACKFILL, ack.committed)
        if ack.telemetry is not None:
            self._advance(Lane.TELEMETRY, ack.telemetry.committed)

    async def run(self, bus: Bus) -> None:
        """Send until the connection ends."""
        while True:
            if not (self._online and await self._send_one(bus)):
                await self._outbox.wait_for_news(self._idle_s())

    async def _send_one(self, bus: Bus) -> bool:
        """Send the most urgent batch; return whether there was one."""
        for lane in Lane:
            now_s = self._clock.monotonic_s()
            self._lanes[lane] = go_back_when_due(self._lanes[lane], now_s)
            if may_send(self._lanes[lane], now_s) and await self._send(bus, lane):
                return True
        return False

    async def _send(self, bus: Bus, lane: Lane) -> bool:
        before = self._lanes
        batch = await self._outbox.next_batch(
            lane,
            after=self._lanes[lane].cursor,
            keep_live_from=self._lanes[Lane.LIVE].lowest_in_flight,
        )
        if batch is None or self._lanes is not before:
            return batch is not None
        pause_s = 0.0 if lane is Lane.LIVE else len(batch.payload) / BACKFILL_BYTES_PER_S
        self.sent = self.sent.with_batch(lane, batch.sequences)
        # Before publishing: the acknowledgement may be here before the broker's own.
        self._lanes[lane] = after_sending(
            self._lanes[lane],
            batch.sequences,
            now_s=self._clock.monotonic_s(),
            pause_s=pause_s,
        )
        await bus.publish(self._address.topic_name(_CHANNELS[lane]), batch.payload)
        return True

    def _advance(self, lane: Lane, committed: Ranges) -> None:
        self._lanes[lane] = after_ack(self._lanes[lane], committed)

    def _idle_s(self) -> float | None:
        if not self._online:
            return None
        now_s = self._clock.monotonic_s()
        wakes = [wake_at_s(progress, now_s) for progress in self._lanes.values()]
        return min((max(0.01, wake - now_s) for wake in wakes if wake is not None), default=None)
