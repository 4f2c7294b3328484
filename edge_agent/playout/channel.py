"""One loudspeaker in the player: carries out what its arbiter decides, and accounts for it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_agent.playout import arbiter as arbitration
from edge_agent.playout.arbiter import Arbiter, Decision, Priority, Turn, Verdict
from edge_agent.playout.decoding.decoder import AudioKey, Decoded
from edge_agent.playout.messages import Play, Report, Sink
from edge_agent.playout.outlet import Outlet
from edge_agent.playout.pacer import Began, Ended, Pacer, Playback, SinkState, Tally
from edge_agent.playout.progress import FinalState, ProgressBook
from edge_agent.playout.shelf import Shelf

DECODE_AHEAD_S = 30.0
"""Scheduled audio is decoded so long before its start: soon enough, and not held all day."""

_PRIORITIES = {
    "routine": Priority.ROUTINE,
    "priority": Priority.PRIORITY,
    "emergency": Priority.EMERGENCY,
}


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What all channels of a player share."""

    pacer: Pacer
    shelf: Shelf
    report: Callable[[Report], None]


class Channel:
    """One loudspeaker. Never waits; `advance` must follow every call that changes something."""

    def __init__(self, loudspeaker_id: str, settings: Sink, workshop: Workshop) -> None:
        """Args: `close` it in the end."""
        self._id = loudspeaker_id
        self._pacer = workshop.pacer
        self._shelf = workshop.shelf
        self._outlet = Outlet(loudspeaker_id, settings, report=workshop.report)
        self._book = ProgressBook(loudspeaker_id, report=workshop.report)
        self._arbiter = Arbiter()

    def install(self, settings: Sink, *, now_s: float) -> None:
        """Open the loudspeaker, or go on with other settings where they have changed."""
        if settings == self._outlet.settings:
            self._outlet.open(now_s=now_s)
            return
        previous = self._outlet.exchange(settings, now_s=now_s)
        if self._outlet.sink is not None:
            self._pacer.swap_sink(self._id, self._outlet.sink)
        elif self._arbiter.playing is not None:
            self._cut(self._arbiter.playing.broadcast_id, "failed", now_s)
        if previous is not None:
            previous.close()

    def accept(self, order: Play, *, arrival_number: int, now_s: float) -> None:
        """Let a broadcast wait for its turn; an order repeated while it is open changes nothing."""
        if order.broadcast_id in self._book:
            return
        priority = _PRIORITIES[order.priority]
        audio = AudioKey(
            path=Path(order.audio_path),
            sample_rate_hz=self._outlet.sample_rate_hz,
            priority=priority,
        )
        self._book.accept(order.broadcast_id, audio)
        turn = Turn(
            broadcast_id=order.broadcast_id,
            priority=priority,
            arrival_number=arrival_number,
            due_s=now_s if order.start_at_s is None else order.start_at_s,
            expires_at_s=order.expires_at_s,
        )
        self._arbiter = arbitration.request(self._arbiter, turn)

    def stop(self, broadcast_id: str | None, *, now_s: float) -> None:
        """Stop one broadcast, or all of them (None)."""
        playing = self._arbiter.playing
        for open_id in self._book.ids():
            if broadcast_id not in {None, open_id}:
                continue
            if playing is not None and playing.broadcast_id == open_id:
                self._cut(open_id, "stopped", now_s)
            else:
                self._end(open_id, "stopped", now_s)

    def follow(self, event: Began | Ended | SinkState) -> None:
        """Take what the pacer says about this loudspeaker."""
        match event:
            case Began():
                self._book.start(event.broadcast_id, at_s=event.at_s)
            case SinkState():
                self._outlet.tell(event.fault, at_s=event.at_s)
            case Ended(fault=None):
                self._end(event.broadcast_id, "finished", event.at_s, tally=event.tally)
            case Ended():
                self._outlet.tell(event.fault, at_s=event.at_s)
                self._end(event.broadcast_id, "failed", event.at_s, tally=event.tally)

    def make_ready(self, broadcast_id: str, decoded: Decoded, *, now_s: float) -> None:
        """Its audio is decoded, or refused: then the broadcast fails before it began."""
        if decoded.samples is None:
            self._end(broadcast_id, "failed", now_s, detail=decoded.refusal)
        else:
            self._arbiter = arbitration.mark_ready(self._arbiter, broadcast_id)

    def advance(self, *, now_s: float) -> Iterator[Playback]:
        """Do what is due; the playbacks that begin now, for the caller to start together."""
        if self._outlet.reopen_at_s is not None and self._outlet.reopen_at_s <= now_s:
            self._outlet.open(now_s=now_s)
        self._decode_ahead(now_s)
        while True:
            self._arbiter, decisions = arbitration.decide(self._arbiter, now_s=now_s)
            if not decisions:
                return
            for decision in decisions:
                yield from self._carry_out(decision, now_s)

    def next_instant_s(self, *, now_s: float) -> float | None:
        """When `advance` has something to do by time alone; None: only after a call."""
        instants = [turn.due_s - DECODE_AHEAD_S for turn in self._arbiter.waiting]
        instants = [instant for instant in instants if instant > now_s]
        if (instant := arbitration.next_instant_s(self._arbiter, now_s=now_s)) is not None:
            instants.append(instant)
        if self._outlet.reopen_at_s is not None:
            instants.append(self._outlet.reopen_at_s)
        return min(instants, default=None)

    def close(self, *, now_s: float) -> None:
        """Stop everything here and close the sink."""
        self.stop(None, now_s=now_s)
        self._outlet.close()

    def _decode_ahead(self, now_s: float) -> None:
        for turn in self._arbiter.waiting:
            broadcast = self._book[turn.broadcast_id]
            if broadcast.decoding or turn.due_s - DECODE_AHEAD_S > now_s:
                continue
            broadcast.decoding = True
            decoded = self._shelf.want(broadcast.audio, (self._id, turn.broadcast_id))
            if decoded is not None:
                self.make_ready(turn.broadcast_id, decoded, now_s=now_s)

    def _carry_out(self, decision: Decision, now_s: float) -> Iterator[Playback]:
        broadcast_id = decision.turn.broadcast_id
        match decision.verdict:
            case Verdict.EXPIRE:
                self._end(broadcast_id, "expired", now_s)
            case Verdict.PREEMPT:
                self._preempt(decision.turn, now_s)
            case Verdict.START:
                if (sink := self._outlet.open(now_s=now_s)) is None:
                    self._end(broadcast_id, "failed", now_s)
                    return
                yield Playback(
                    loudspeaker_id=self._id,
                    broadcast_id=broadcast_id,
                    sink=sink,
                    samples=self._shelf.samples(self._book[broadcast_id].audio),
                )

    def _preempt(self, turn: Turn, now_s: float) -> None:
        tally = self._pacer.cut(self._id)
        if tally is None:
            return  # it came to its end a moment ago, and that report is under way
        if tally.started_at_s is None:
            # Not a sound of it was heard, so it waits for its turn again.
            self._arbiter = arbitration.request(self._arbiter, turn)
            return
        detail = "a broadcast of higher priority took the loudspeaker"
        self._end(turn.broadcast_id, "preempted", now_s, tally=tally, detail=detail)

    def _cut(self, broadcast_id: str, state: FinalState, now_s: float) -> None:
        if (tally := self._pacer.cut(self._id)) is not None:
            self._end(broadcast_id, state, now_s, tally=tally)

    def _end(
        self,
        broadcast_id: str,
        state: FinalState,
        at_s: float,
        *,
        tally: Tally | None = None,
        detail: str = "",
    ) -> None:
        self._arbiter = arbitration.withdraw(self._arbiter, broadcast_id)
        if state == "failed" and not detail:
            detail = self._outlet.fault or "the loudspeaker cannot be used"
        ended = self._book.end(broadcast_id, state, at_s=at_s, tally=tally, detail=detail)
        if ended is not None:
            self._shelf.release(ended.audio, (self._id, broadcast_id))
