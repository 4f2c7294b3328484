"""The hearing child: takes of microphones, compared when their broadcasts have ended.

Reads time as an argument; knows the agent's orders, never its reasons.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from contracts.events import Hearing
from edge_agent.hearing.comparing.recognition import (
    EARLIEST_LAG_S,
    LATEST_LAG_S,
    LONGEST_S,
    Recognition,
    recognise,
)
from edge_agent.hearing.comparing.whitening import SAMPLE_RATE_HZ, Samples
from edge_agent.hearing.messages import AnyOrder, Compared, End, Forget, KeepOpen, Listen
from edge_agent.hearing.recording.microphone import Microphone
from edge_agent.hearing.recording.tape import Tape
from edge_agent.playout.decoding.audio import AudioRefused, decode_audio

_ON_ITS_WAY_S = 0.5
"""The last sound may arrive so late; with `LATEST_LAG_S` a microphone is open for under 5 s more."""
_SAME_START_S, _SAME_LENGTH_S = 0.05, 0.5
"""Loudspeakers that differ by less played the same, as far as a microphone can tell."""


@dataclass(frozen=True, kw_only=True)
class _Take:
    order: Listen
    tape: Tape
    microphone: Microphone
    due_at_s: float
    seconds_sent: float | None = None
    recognition: Recognition | None = None


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    uri: str
    audio_path: str
    started_at_s: float
    seconds: float
    recognition: Recognition


class HearingChild:
    """All takes. Never waits; `advance` must follow each call, and at `next_instant_s`."""

    def __init__(self, answer: Callable[[Compared], None]) -> None:
        self._answer = answer
        self._takes: dict[int, _Take] = {}
        self._microphones: dict[str, Microphone] = {}
        self._reference: tuple[str, Samples] | None = None
        self._latest: _Comparison | None = None
        self._kept: list[tuple[float, Microphone, Tape]] = []
        """Microphones open for broadcasts to come, and until when."""

    def obey(self, order: AnyOrder, *, now_s: float) -> None:
        """Take one order."""
        match order:
            case KeepOpen():
                self._keep_open(order, now_s)
            case Listen():
                self._listen(order)
            case End():
                self._end(order, now_s)
            case Forget():
                take = self._takes.pop(order.take, None)
                if take is not None:
                    self._release(take.microphone, take.tape)

    def next_instant_s(self) -> float | None:
        """When `advance` has something to do; None: only after an order."""
        dues = [take.due_at_s for take in self._takes.values() if take.recognition is None]
        return min(dues + [until_s for until_s, _, _ in self._kept], default=None)

    def advance(self, *, now_s: float) -> None:
        """Compare what is due by now."""
        for number, take in tuple(self._takes.items()):
            if take.recognition is None and take.due_at_s <= now_s:
                self._release(take.microphone, take.tape)
                self._takes[number] = replace(take, recognition=self._compare(take))
                self._answer_if_ended(number)
        for until_s, microphone, tape in self._kept:
            if until_s <= now_s:
                self._release(microphone, tape)
        self._kept = [kept for kept in self._kept if kept[0] > now_s]

    def _open(self, order: Listen | KeepOpen) -> Microphone:
        microphone = self._microphones.get(order.uri)
        if microphone is None:
            microphone = Microphone(order.uri, name=order.camera_id)
            self._microphones[order.uri] = microphone
        return microphone

    def _keep_open(self, order: KeepOpen, now_s: float) -> None:
        microphone = self._open(order)
        # A tape on which nothing fits holds the microphone open.
        tape = Tape(begins_at_s=now_s, ends_at_s=now_s)
        microphone.record(tape)
        self._kept.append((now_s + order.for_s, microphone, tape))

    def _listen(self, order: Listen) -> None:
        last_s = order.started_at_s + LONGEST_S + LATEST_LAG_S + _ON_ITS_WAY_S
        tape = Tape(begins_at_s=order.started_at_s + EARLIEST_LAG_S, ends_at_s=last_s)
        microphone = self._open(order)
        microphone.record(tape)
        self._takes[order.take] = _Take(
            order=order, tape=tape, microphone=microphone, due_at_s=last_s
        )

    def _end(self, order: End, now_s: float) -> None:
        take = self._takes.get(order.take)
        if take is None:
            return
        last_s = take.order.started_at_s + order.seconds_sent + LATEST_LAG_S + _ON_ITS_WAY_S
        due_at_s = min(take.due_at_s, max(last_s, now_s))
        self._takes[order.take] = replace(take, seconds_sent=order.seconds_sent, due_at_s=due_at_s)
        self._answer_if_ended(order.take)

    def _answer_if_ended(self, number: int) -> None:
        take = self._takes[number]
        if take.recognition is None or take.seconds_sent is None:
            return
        del self._takes[number]
        recognition = take.recognition
        self._answer(
            Compared(
                take=number,
                hearing=recognition.hearing,
                score=round(recognition.score, 2),
                measured_s=round(recognition.measured_s, 2),
                lag_s=None if recognition.lag_s is None else round(recognition.lag_s, 3),
                detail=recognition.detail,
            )
        )

    def _release(self, microphone: Microphone, tape: Tape) -> None:
        if microphone.release(tape):
            self._microphones = {
                uri: one for uri, one in self._microphones.items() if one is not microphone
            }

    def _compare(self, take: _Take) -> Recognition:
        order = take.order
        if take.tape.is_empty:
            return Recognition(hearing=Hearing.INCONCLUSIVE, detail=take.microphone.fault)
        seconds = min(LONGEST_S, LONGEST_S if take.seconds_sent is None else take.seconds_sent)
        earlier = self._earlier(order, seconds)
        if earlier is not None:
            return earlier
        try:
            reference = self._read_reference(order.audio_path)
        except AudioRefused as refusal:
            return Recognition(hearing=Hearing.INCONCLUSIVE, detail=str(refusal))
        played = reference[: round(seconds * SAMPLE_RATE_HZ)]
        size = len(played) + round((LATEST_LAG_S - EARLIEST_LAG_S) * SAMPLE_RATE_HZ)
        recorded, known = take.tape.read(order.started_at_s + EARLIEST_LAG_S, size)
        recognition = recognise(played, recorded, known)
        self._latest = _Comparison(
            uri=order.uri,
            audio_path=order.audio_path,
            started_at_s=order.started_at_s,
            seconds=seconds,
            recognition=recognition,
        )
        return recognition

    def _earlier(self, order: Listen, seconds: float) -> Recognition | None:
        """The comparison for another loudspeaker that played the same to the same microphone."""
        latest = self._latest
        if (
            latest is None
            or (latest.uri, latest.audio_path) != (order.uri, order.audio_path)
            or abs(latest.started_at_s - order.started_at_s) > _SAME_START_S
            or abs(latest.seconds - seconds) > _SAME_LENGTH_S
        ):
            return None
        return latest.recognition

    def _read_reference(self, audio_path: str) -> Samples:
        if self._reference is None or self._reference[0] != audio_path:
            samples = decode_audio(Path(audio_path), sample_rate_hz=SAMPLE_RATE_HZ)
            self._reference = (audio_path, samples[: round(LONGEST_S * SAMPLE_RATE_HZ)].copy())
        return self._reference[1]
