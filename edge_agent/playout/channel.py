"""One loudspeaker in the player: carries out what its arbiter decides, and accounts for it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from drivers.loudspeaker import LoudspeakerError
from edge_agent.playout import arbiter as arbitration
from edge_agent.playout.arbiter import Arbiter, Decision, Level, Priority, Turn, Verdict
from edge_agent.playout.decoding.decoder import AudioKey
from edge_agent.playout.material.material import FileMaterial, Material, StreamMaterial
from edge_agent.playout.material.relays import RelayKey, Relays
from edge_agent.playout.material.shelf import Shelf
from edge_agent.playout.messages import Install, Play, Relay, Report
from edge_agent.playout.muster import Muster
from edge_agent.playout.outlet import Outlet
from edge_agent.playout.pacing.events import Began, Ended, SinkState
from edge_agent.playout.pacing.pacer import PATIENCE_S, Pacer
from edge_agent.playout.pacing.playback import Playback, Tally
from edge_agent.playout.progress import FinalState, OpenBroadcast, ProgressBook
from edge_agent.playout.sinks import OpenSink

FETCH_AHEAD_S = 30.0
"""Scheduled audio is decoded so long before its start: soon enough, and not held all day."""
PREPARE_AHEAD_S = 5.0
"""A loudspeaker is called so long before its start."""
RESUME_WITHIN_S = 900.0
"""What was interrupted for longer is not taken up again: nobody remembers its beginning."""

_CUT_OFF = "a broadcast of higher priority took the loudspeaker"


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What all channels of a player share."""

    pacer: Pacer
    shelf: Shelf
    relays: Relays
    muster: Muster
    report: Callable[[Report], None]
    open_sink: OpenSink


class Channel:
    """One loudspeaker. Never waits; `prepare` and `start` must follow every other call."""

    def __init__(self, install: Install, workshop: Workshop) -> None:
        """Args: `close` it in the end."""
        self._id = install.loudspeaker_id
        self._workshop = workshop
        self._pacer = workshop.pacer
        self._outlet = Outlet(
            install,
            report=workshop.report,
            guard=workshop.pacer.guard,
            open_sink=workshop.open_sink,
        )
        self._book = ProgressBook(self._id, report=workshop.report)
        self._arbiter = Arbiter()
        self._is_called = False
        """The sink is ready or getting so, and must be dismissed."""

    def install(self, install: Install, *, now_s: float) -> None:
        """Open the loudspeaker, or go on with other settings where they have changed."""
        known = self._outlet.install
        if (install.sink, install.password) == (known.sink, known.password):
            self._outlet.install = install
            self._outlet.open(now_s=now_s)
            return
        rate_hz = self._outlet.sample_rate_hz
        previous = self._outlet.exchange(install, now_s=now_s)
        is_same_rate = self._outlet.sample_rate_hz == rate_hz
        if self._arbiter.playing is not None and (self._outlet.sink is None or not is_same_rate):
            detail = "" if self._outlet.fault else "the loudspeaker was changed while it played"
            self._cut(self._arbiter.playing.broadcast_id, "failed", now_s, detail=detail)
        self._pacer.swap_sink(self._id, self._outlet.sink)
        if previous is not None:
            with suppress(LoudspeakerError):
                previous.close()
        if not is_same_rate:
            self._renew_materials()

    def accept(self, order: Play | Relay, *, arrival_number: int, now_s: float) -> None:
        """Let a broadcast wait for its turn; an order repeated while it is open changes nothing."""
        if order.broadcast_id in self._book:
            return
        due_s = now_s if order.start_at_s is None else order.start_at_s
        broadcast = OpenBroadcast(order=order, material=self._material(order))
        expires_at_s = order.expires_at_s
        if isinstance(order, Relay) and order.start_at_s is not None:
            broadcast.over_at_s = due_s + order.duration_s
            expires_at_s = _earlier(expires_at_s, broadcast.over_at_s)
        self._book.accept(broadcast)
        turn = Turn(
            broadcast_id=order.broadcast_id,
            priority=_priority(order),
            level=Level[order.level.upper()],
            arrival_number=arrival_number,
            due_s=due_s,
            expires_at_s=expires_at_s,
        )
        self._arbiter = arbitration.request(self._arbiter, turn)
        self._workshop.muster.expect(broadcast.group, self._id, priority=turn.priority, now_s=now_s)

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
                detail = _lost(event)
                self._end(
                    event.broadcast_id, "finished", event.at_s, tally=event.tally, detail=detail
                )
            case Ended(fault=fault):
                self._outlet.tell(fault, at_s=event.at_s)
                self._end(event.broadcast_id, "failed", event.at_s, tally=event.tally)

    def prepare(self, *, now_s: float) -> None:
        """Get ready what comes soon, and give up what cannot get ready."""
        if self._outlet.sink is None and _is_past(self._outlet.next_look_s, now_s):
            self._outlet.open(now_s=now_s)
        self._fetch_ahead(now_s)
        if self._arbiter.playing is None and self._has_soon(now_s):
            self._is_called = True
            if not self._outlet.look(now_s=now_s):
                self._lose_patience(now_s)
                return
        for turn in self._arbiter.waiting:
            broadcast = self._book[turn.broadcast_id]
            if broadcast.material.is_ready:
                self._workshop.muster.report(broadcast.group, self._id, now_s=now_s)

    def start(self, *, now_s: float) -> Iterator[Playback]:
        """Do what is due; the playbacks that begin now, for the caller to start together."""
        if self._arbiter.playing is not None or self._outlet.is_ready:
            self._mark_ready(now_s)
        while True:
            self._arbiter, decisions = arbitration.decide(self._arbiter, now_s=now_s)
            if not decisions:
                break
            for decision in decisions:
                yield from self._carry_out(decision, now_s)
        self._rest(now_s)

    def next_instant_s(self, *, now_s: float) -> float | None:
        """When there is something to do by time alone; None: only after a call."""
        instants = [
            turn.due_s - ahead_s
            for turn in self._arbiter.waiting
            for ahead_s in (FETCH_AHEAD_S, PREPARE_AHEAD_S)
        ]
        instants = [instant for instant in instants if instant > now_s]
        if (instant := arbitration.next_instant_s(self._arbiter, now_s=now_s)) is not None:
            instants.append(instant)
        if self._arbiter.playing is None and self._outlet.next_look_s is not None:
            instants.append(self._outlet.next_look_s)
        return min(instants, default=None)

    def close(self) -> None:
        """Close the sink; `stop` and the pacer's end come first."""
        self._outlet.close()

    def _material(self, order: Play | Relay) -> Material:
        priority = _priority(order)
        rate_hz = self._outlet.sample_rate_hz
        # Only the decoder can make audio louder without overload; quieter is made here.
        loudness_lufs = self._outlet.install.loudness_lufs + max(0.0, self._gain_db(order))
        wanted = (self._id, order.broadcast_id)
        if isinstance(order, Relay):
            stream = RelayKey(
                url=order.stream_url, sample_rate_hz=rate_hz, loudness_lufs=loudness_lufs
            )
            return StreamMaterial(self._workshop.relays, stream, wanted)
        audio = AudioKey(
            path=Path(order.audio_path),
            sample_rate_hz=rate_hz,
            priority=priority,
            loudness_lufs=loudness_lufs,
        )
        return FileMaterial(self._workshop.shelf, audio, wanted)

    def _renew_materials(self) -> None:
        for broadcast_id in self._book.ids():
            broadcast = self._book[broadcast_id]
            broadcast.material.release()
            broadcast.material = self._material(broadcast.order)

    def _gain_db(self, order: Play | Relay) -> float:
        is_emergency = order.priority == "emergency"
        return self._outlet.volume_db(is_emergency=is_emergency) + order.gain_db

    def _fetch_ahead(self, now_s: float) -> None:
        for turn in self._arbiter.waiting:
            material = self._book[turn.broadcast_id].material
            if turn.due_s - FETCH_AHEAD_S <= now_s:
                material.want()
            if refusal := material.refusal(waited_s=now_s - turn.due_s):
                self._end(turn.broadcast_id, "failed", now_s, detail=refusal)

    def _has_soon(self, now_s: float) -> bool:
        return any(turn.due_s - PREPARE_AHEAD_S <= now_s for turn in self._arbiter.waiting)

    def _lose_patience(self, now_s: float) -> None:
        for turn in self._arbiter.waiting:
            if turn.due_s <= now_s and self._outlet.gives_up(due_s=turn.due_s, now_s=now_s):
                detail = "" if self._outlet.fault else _not_ready()
                self._end(turn.broadcast_id, "failed", now_s, detail=detail)

    def _mark_ready(self, now_s: float) -> None:
        for turn in self._arbiter.waiting:
            broadcast = self._book[turn.broadcast_id]
            if broadcast.material.is_ready and self._workshop.muster.may_start(
                broadcast.group, now_s=now_s
            ):
                self._arbiter = arbitration.mark_ready(self._arbiter, turn.broadcast_id)

    def _rest(self, now_s: float) -> None:
        """Hang up when nothing plays and nothing is to follow soon."""
        if not self._is_called or self._arbiter.playing is not None or self._has_soon(now_s):
            return
        self._is_called = False
        self._outlet.rest()
        if self._outlet.sink is not None:
            self._pacer.dismiss(self._id, self._outlet.sink)

    def _carry_out(self, decision: Decision, now_s: float) -> Iterator[Playback]:
        broadcast_id = decision.turn.broadcast_id
        match decision.verdict:
            case Verdict.EXPIRE:
                self._expire(broadcast_id, now_s)
            case Verdict.PREEMPT:
                self._preempt(decision.turn, now_s)
            case Verdict.START:
                if (sink := self._outlet.open(now_s=now_s)) is None:
                    self._end(broadcast_id, "failed", now_s)
                    return
                broadcast = self._book[broadcast_id]
                self._workshop.muster.leave(broadcast.group, self._id)
                if isinstance(broadcast.order, Relay) and broadcast.over_at_s is None:
                    broadcast.over_at_s = now_s + broadcast.order.duration_s
                left_s = 0.0 if broadcast.over_at_s is None else broadcast.over_at_s - now_s
                broadcast.source = broadcast.material.open(left_s=left_s)
                yield Playback(
                    loudspeaker_id=self._id,
                    broadcast_id=broadcast_id,
                    sink=sink,
                    source=broadcast.source,
                    gain=10 ** (min(0.0, self._gain_db(broadcast.order)) / 20),
                )

    def _expire(self, broadcast_id: str, now_s: float) -> None:
        if self._book[broadcast_id].state == "interrupted":
            detail = f"{_CUT_OFF}, and its time was over before it could go on"
            self._end(broadcast_id, "preempted", now_s, detail=detail)
        else:
            self._end(broadcast_id, "expired", now_s)

    def _preempt(self, turn: Turn, now_s: float) -> None:
        tally = self._pacer.cut(self._id)
        if tally is None:
            return  # it came to its end a moment ago, and that report is under way
        broadcast = self._book[turn.broadcast_id]
        if tally.started_at_s is None:
            # Not a sound of it was heard, so it waits for its turn again.
            self._arbiter = arbitration.request(self._arbiter, replace(turn, ready=False))
        elif broadcast.order.when_interrupted == "drop":
            self._end(turn.broadcast_id, "preempted", now_s, tally=tally, detail=_CUT_OFF)
        else:
            if broadcast.source is not None:
                broadcast.material.leave(broadcast.source)
            self._book.interrupt(turn.broadcast_id, at_s=now_s, tally=tally)
            latest_s = _earlier(broadcast.over_at_s, now_s + RESUME_WITHIN_S)
            waiting = replace(turn, ready=False, expires_at_s=latest_s)
            self._arbiter = arbitration.request(self._arbiter, waiting)

    def _cut(self, broadcast_id: str, state: FinalState, now_s: float, *, detail: str = "") -> None:
        if (tally := self._pacer.cut(self._id)) is not None:
            self._end(broadcast_id, state, now_s, tally=tally, detail=detail)

    def _end(
        self,
        broadcast_id: str,
        state: FinalState,
        at_s: float,
        *,
        tally: Tally | None = None,
        detail: str = "",
    ) -> None:
        playing = self._arbiter.playing
        if playing is not None and playing.broadcast_id == broadcast_id:
            self._outlet.rest()  # whoever comes next has all the patience for the loudspeaker
        self._arbiter = arbitration.withdraw(self._arbiter, broadcast_id)
        if state == "failed" and not detail:
            fault = self._outlet.fault
            detail = fault.detail if fault else "the loudspeaker cannot be used"
        ended = self._book.end(broadcast_id, state, at_s=at_s, tally=tally, detail=detail)
        if ended is not None:
            ended.material.release()
            self._workshop.muster.leave(ended.group, self._id)


def _priority(order: Play | Relay) -> Priority:
    return Priority.TEST if order.kind == "self_test" else Priority[order.priority.upper()]


def _lost(event: Ended) -> str:
    if not event.tally.lost_s:
        return ""
    reason = event.trouble.detail if event.trouble else "the loudspeaker was changed"
    return f"{event.tally.lost_s:.1f} s of it were lost: {reason}"


def _not_ready() -> str:
    return f"the loudspeaker did not get ready to speak within {PATIENCE_S:.0f} s"


def _earlier(one_s: float | None, other_s: float) -> float:
    return other_s if one_s is None else min(one_s, other_s)


def _is_past(instant_s: float | None, now_s: float) -> bool:
    return instant_s is not None and instant_s <= now_s
