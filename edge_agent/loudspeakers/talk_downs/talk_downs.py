"""Talk-downs from sighting to answer: decided, spoken, accounted for; nobody is asked meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog

from contracts.commands import Command, SetTalkDowns, TalkDown
from contracts.errors import ContractError
from contracts.events import (
    Answer,
    CommandOutcome,
    TalkDownAnswered,
    TalkDownSpoken,
    TalkDownWithheld,
    WithheldReason,
)
from edge_agent.cameras.hours import Hours
from edge_agent.loudspeakers.player import Player
from edge_agent.loudspeakers.talk_downs import memory
from edge_agent.loudspeakers.talk_downs.answers import Answers, Told, Watch
from edge_agent.loudspeakers.talk_downs.audio import TalkDownAudio
from edge_agent.loudspeakers.talk_downs.decision import (
    History,
    Incident,
    Present,
    Utterance,
    decide,
    find_answers,
)
from edge_agent.loudspeakers.talk_downs.incidents import Ending, read_draft
from edge_agent.loudspeakers.talk_downs.memory import Unanswered
from edge_agent.loudspeakers.talk_downs.speaking import Speaking, Speech
from edge_agent.orders import ledger
from edge_agent.outbox import Draft, Entry, Outbox
from edge_agent.playout.messages import Progress
from edge_agent.timekeeping import Moment

log = structlog.get_logger(__name__)

_LOOK_S = 1.0
_MOST_SIGHTINGS = 10_000
_LONGEST_REASON = 200


@dataclass(frozen=True, kw_only=True)
class _LostSight:
    camera_id: str
    moment: Moment


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The devices of this gateway, and the time there."""

    camera_ids: frozenset[str]
    loudspeaker_ids: frozenset[str]
    local_time: Callable[[], datetime | None]
    """The best known present in the gateway's time zone; None while nobody knows it."""


@dataclass(kw_only=True)
class _Known:
    """What is on disk too."""

    settings: SetTalkDowns = field(default_factory=lambda: SetTalkDowns(talk_downs=()))
    histories: dict[str, History] = field(default_factory=dict)


class TalkDowns:
    """The talk-downs of this gateway."""

    def __init__(
        self, ground: Ground, *, outbox: Outbox, audio: TalkDownAudio, player: Player
    ) -> None:
        self._ground = ground
        self._outbox = outbox
        self._timekeeper = outbox.timekeeper
        self._audio = audio
        self._speaking = Speaking(ground.loudspeaker_ids, outbox=outbox, audio=audio, player=player)
        self._seen: asyncio.Queue[Incident | Ending | _LostSight] = asyncio.Queue(_MOST_SIGHTINGS)
        self._answers = Answers()
        self._loading = asyncio.Lock()
        self._loaded: _Known | None = None

    def see(self, draft: Draft) -> None:
        """Hear of an event that was just recorded for the first time; never waits."""
        if self._ground.loudspeaker_ids and (seen := read_draft(draft)) is not None:
            self._note(seen)

    def lose_sight(self, camera_id: str) -> None:
        """Hear that a camera sees nothing any more; never waits."""
        if self._ground.loudspeaker_ids:
            self._note(_LostSight(camera_id=camera_id, moment=self._timekeeper.moment()))

    async def set(self, command: Command, order: SetTalkDowns) -> None:
        """Take the talk-downs that are to hold from now on, and answer."""
        known = await self._load()
        faults = list(_find_faults(order.talk_downs))
        outcome = CommandOutcome.FAILED if faults else CommandOutcome.DONE
        remark = "; ".join(faults or self._find_strangers(order.talk_downs))[:_LONGEST_REASON]

        def store(entry: Entry) -> bool:
            is_latest = not faults and memory.store_settings(
                entry, order, command_number=command.command_number
            )
            ledger.answer(entry, command, outcome, remark)
            return is_latest

        if await self._outbox.write(store):
            known.settings = order
            self._audio.want(order.talk_downs)
            log.info("talk-downs set", count=len(order.talk_downs), remark=remark)

    async def run_once(self) -> None:
        """Answer sightings for ever."""
        await self._load()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._audio.run_once(), name="talk-down audio")
            tasks.create_task(self._look_at_the_clock(), name="talk-down answers")
            while True:
                await self._take(await self._seen.get())

    async def follow(self, progress: Progress) -> None:
        """Hear from the player how far a broadcast is, before that is recorded."""
        match self._speaking.follow(progress):
            case (speech, "heard"):
                await self._record_spoken(speech, self._timekeeper.moment(progress.at_s))
            case (speech, "unheard"):
                await self._record_withheld(speech.talk_down, speech.incident, speech.reason)
            case None:
                return

    def _note(self, seen: Incident | Ending | _LostSight) -> None:
        try:
            self._seen.put_nowait(seen)
        except asyncio.QueueFull:
            log.warning("too many sightings at once, one gets no talk-down")

    async def _load(self) -> _Known:
        """Return what is known, read from disk the first time."""
        async with self._loading:
            if self._loaded is None:
                self._loaded = await self._outbox.write(_recall)
                self._audio.want(self._loaded.settings.talk_downs)
            return self._loaded

    async def _take(self, seen: Incident | Ending | _LostSight) -> None:
        known = await self._load()
        match seen:
            case Incident():
                for talk_down in find_answers(known.settings.talk_downs, seen):
                    await self._answer(talk_down, seen, known)
            case Ending():
                self._speaking.note_gone(lambda one: one.object_id == seen.object_id)
                await self._tell(self._answers.take_ending(seen))
            case _LostSight():
                self._speaking.note_gone(lambda one: one.camera_id == seen.camera_id)
                await self._tell(self._answers.lose_sight(seen.camera_id, seen.moment))

    async def _answer(self, talk_down: TalkDown, incident: Incident, known: _Known) -> None:
        present = Present(moment=self._timekeeper.moment(), local=self._ground.local_time())
        history = known.histories.get(talk_down.talk_down_id, History())
        decided = decide(talk_down, incident, history, present)
        if isinstance(decided, Utterance) and self._speaking.awaits_sound(talk_down):
            decided = WithheldReason.COOL_DOWN
        if isinstance(decided, Utterance):
            decided = await self._speaking.hand_over(talk_down, incident, decided) or decided
        if isinstance(decided, WithheldReason):
            await self._record_withheld(talk_down, incident, decided)

    async def _record_spoken(self, speech: Speech, moment: Moment) -> None:
        known = await self._load()
        incident, talk_down = speech.incident, speech.talk_down
        local = self._ground.local_time()
        history = known.histories.get(talk_down.talk_down_id, History())
        spoken_again = history.spoken(moment, None if local is None else local.date())
        histories = {**known.histories, talk_down.talk_down_id: spoken_again}
        watch = Watch(broadcast_id=speech.broadcast_id, incident=incident, heard_from=moment)
        spoken = TalkDownSpoken(
            talk_down_id=talk_down.talk_down_id,
            broadcast_id=speech.broadcast_id,
            cause=incident.cause,
            object_id=incident.object_id,
            loudspeaker_ids=speech.loudspeaker_ids,
            audio_sha256=speech.utterance.audio.sha256,
        )

        def record(entry: Entry) -> None:
            entry.record(Draft(data=spoken, moment=moment, device_id=incident.camera_id))
            memory.store_histories(entry, histories)
            memory.await_answer(
                entry,
                Unanswered(
                    broadcast_id=speech.broadcast_id,
                    object_id=incident.object_id,
                    camera_id=incident.camera_id,
                ),
            )

        await self._outbox.write(record)
        known.histories = histories
        log.info("talk-down spoken", camera_id=incident.camera_id, cause=incident.cause)
        if speech.is_gone:
            await self._tell([(watch, watch.answer(Answer.UNKNOWN, moment))])
        else:
            self._answers.expect(watch)

    async def _record_withheld(
        self, talk_down: TalkDown, incident: Incident, reason: WithheldReason
    ) -> None:
        withheld = TalkDownWithheld(
            talk_down_id=talk_down.talk_down_id,
            cause=incident.cause,
            object_id=incident.object_id,
            reason=reason,
        )
        moment = self._timekeeper.moment()
        await self._outbox.record(Draft(data=withheld, moment=moment, device_id=incident.camera_id))
        log.info("talk-down withheld", camera_id=incident.camera_id, reason=reason)

    async def _tell(self, told: list[Told]) -> None:
        for watch, answered in told:
            moment = self._timekeeper.moment(watch.heard_from.monotonic_s + answered.after_s)
            draft = Draft(data=answered, moment=moment, device_id=watch.incident.camera_id)
            await self._outbox.write(partial(_record_answer, draft=draft, answered=answered))
            log.info("talk-down answered", answer=answered.answer, after_s=answered.after_s)

    async def _look_at_the_clock(self) -> None:
        while True:
            await self._timekeeper.clock.sleep(_LOOK_S)
            await self._tell(self._answers.expire(self._timekeeper.moment()))
            await self._speaking.give_up()

    def _find_strangers(self, talk_downs: Iterable[TalkDown]) -> list[str]:
        """Return what is named and is not here: said, and otherwise left alone."""
        cameras = {one.camera_id for one in talk_downs} - self._ground.camera_ids
        speakers = {name for one in talk_downs for name in one.loudspeaker_ids}
        speakers -= self._ground.loudspeaker_ids
        return [f"this gateway has no {name}" for name in sorted(cameras | speakers)]


def _find_faults(talk_downs: Iterable[TalkDown]) -> Iterable[str]:
    counts = Counter(one.talk_down_id for one in talk_downs)
    yield from (f"talk-down {key} is given twice" for key, count in counts.items() if count > 1)
    for talk_down in talk_downs:
        for text in (*talk_down.hours, talk_down.night):
            try:
                Hours.parse(text)
            except ValueError as error:
                yield str(error)


def _recall(entry: Entry) -> _Known:
    """Return what an earlier run left, and answer what it left unanswered: nobody saw."""
    for owed in memory.all_unanswered(entry):
        unknown = TalkDownAnswered(
            broadcast_id=owed.broadcast_id, object_id=owed.object_id, answer=Answer.UNKNOWN
        )
        draft = Draft(data=unknown, moment=entry.timekeeper.moment(), device_id=owed.camera_id)
        _record_answer(entry, draft=draft, answered=unknown)
    try:
        settings = memory.settings(entry)
    except ContractError as error:
        log.error("the talk-downs on disk cannot be read, none is spoken", error=str(error))  # noqa: TRY400
        return _Known()
    return _Known(settings=settings, histories=memory.histories(entry))


def _record_answer(entry: Entry, *, draft: Draft, answered: TalkDownAnswered) -> None:
    if memory.answered(entry, answered.broadcast_id):
        entry.record(draft)
