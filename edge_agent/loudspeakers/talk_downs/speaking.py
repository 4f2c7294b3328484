"""Hands talk-downs to the player and follows them to their first sound, or to none."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from contracts.commands import TalkDown
from contracts.events import BroadcastProgress, BroadcastState, WithheldReason
from contracts.ids import uuid7
from edge_agent.loudspeakers.player import Player
from edge_agent.loudspeakers.talk_downs.audio import TalkDownAudio
from edge_agent.loudspeakers.talk_downs.decision import Incident, Utterance
from edge_agent.orders import playbacks
from edge_agent.outbox import Entry, Outbox
from edge_agent.playout.messages import Play, Progress, Stop

WAIT_S = 10.0
"""So long it waits for a loudspeaker that speaks; it interrupts nobody."""
_GIVE_UP_S = 20.0
"""A player that has said nothing until then is told to leave it."""
_UNDER_WAY = frozenset({"started", "interrupted", "resumed"})


@dataclass(kw_only=True)
class Speech:
    """One talk-down in the player's hands, not ended everywhere."""

    broadcast_id: str
    talk_down: TalkDown
    incident: Incident
    utterance: Utterance
    loudspeaker_ids: tuple[str, ...]
    handed_over_s: float
    open_at: set[str] = field(default_factory=set)
    has_expired: bool = False
    is_heard: bool = False
    is_gone: bool = False
    """Whoever it was for was gone before the first sound."""

    @property
    def reason(self) -> WithheldReason:
        """Why it was never heard."""
        return WithheldReason.BUSY if self.has_expired else WithheldReason.NOT_PLAYED


class Speaking:
    """What is in the player's hands."""

    def __init__(
        self,
        loudspeaker_ids: frozenset[str],
        *,
        outbox: Outbox,
        audio: TalkDownAudio,
        player: Player,
    ) -> None:
        self._known = loudspeaker_ids
        self._outbox = outbox
        self._clock = outbox.timekeeper.clock
        self._audio = audio
        self._player = player
        self._open: dict[str, Speech] = {}

    def awaits_sound(self, talk_down: TalkDown) -> bool:
        """Tell whether a talk-down waits for its first sound: what it says counts from then on."""
        return any(
            one.talk_down.talk_down_id == talk_down.talk_down_id and not one.is_heard
            for one in self._open.values()
        )

    def note_gone(self, concerns: Callable[[Incident], bool]) -> None:
        """Note that whoever some incidents were about is gone."""
        for speech in self._open.values():
            speech.is_gone |= concerns(speech.incident)

    async def hand_over(
        self, talk_down: TalkDown, incident: Incident, utterance: Utterance
    ) -> WithheldReason | None:
        """Have it spoken; return why that cannot be."""
        path = await self._audio.find(utterance.audio)
        if path is None:
            return WithheldReason.NOT_CACHED
        named = dict.fromkeys(talk_down.loudspeaker_ids)
        loudspeaker_ids = tuple(one for one in named if one in self._known)
        if not loudspeaker_ids:
            return WithheldReason.NOT_PLAYED
        now_s = self._clock.monotonic_s()
        broadcast_id = str(uuid7(int(self._clock.now().timestamp() * 1_000), os.urandom(10)))
        begin = partial(_begin, broadcast_id=broadcast_id, loudspeaker_ids=loudspeaker_ids)
        await self._outbox.write(begin)
        self._open[broadcast_id] = Speech(
            broadcast_id=broadcast_id,
            talk_down=talk_down,
            incident=incident,
            utterance=utterance,
            loudspeaker_ids=loudspeaker_ids,
            handed_over_s=now_s,
            open_at=set(loudspeaker_ids),
        )
        for loudspeaker_id in loudspeaker_ids:
            self._player.play(
                Play(
                    broadcast_id=broadcast_id,
                    loudspeaker_id=loudspeaker_id,
                    audio_path=str(path),
                    priority="routine",
                    level="hamlet",
                    kind="talk_down",
                    expires_at_s=now_s + WAIT_S,
                    gain_db=utterance.gain_db,
                )
            )
        return None

    def follow(self, progress: Progress) -> tuple[Speech, Literal["heard", "unheard"]] | None:
        """Return what a step of the player decides: the first sound, or that there was none."""
        speech = self._open.get(progress.broadcast_id)
        if speech is None:
            return None
        if progress.state in _UNDER_WAY:
            is_first, speech.is_heard = not speech.is_heard, True
            return (speech, "heard") if is_first else None
        speech.open_at.discard(progress.loudspeaker_id)
        speech.has_expired |= progress.state == "expired"
        if speech.open_at:
            return None
        del self._open[speech.broadcast_id]
        return None if speech.is_heard else (speech, "unheard")

    async def give_up(self) -> None:
        """Have the player leave what it has kept silent about for too long."""
        overdue_s = self._clock.monotonic_s() - _GIVE_UP_S
        for speech in tuple(self._open.values()):
            if not speech.is_heard and speech.handed_over_s <= overdue_s:
                await self._player.stop(Stop(broadcast_id=speech.broadcast_id))


def _begin(entry: Entry, *, broadcast_id: str, loudspeaker_ids: tuple[str, ...]) -> None:
    """Account for it as for any broadcast; no command stands behind it."""
    cached = BroadcastProgress(broadcast_id=broadcast_id, state=BroadcastState.CACHED)
    for loudspeaker_id in loudspeaker_ids:
        playbacks.begin(
            entry, broadcast_id=broadcast_id, loudspeaker_id=loudspeaker_id, command_number=0
        )
        playbacks.report(entry, loudspeaker_id, cached)
