"""The desk where people have texts spoken: preview, broadcast, stop, repeat, proof."""

from pathlib import Path
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.state import Birth
from contracts.topics import Address
from ioc.alarms.engine.policy import UNDELAYED_POLICIES, Policies
from ioc.broadcasts import authorising, forgetting, ordering, records, refusals
from ioc.broadcasts.audio_files import AudioFiles
from ioc.broadcasts.dispatch import CommandBus, CommandDispatch
from ioc.broadcasts.keys import SigningKey
from ioc.broadcasts.ordering import Placing, Stopping
from ioc.broadcasts.rendering import say
from ioc.broadcasts.sources import Sources, Studio
from ioc.broadcasts.sources.composing import Voice
from ioc.broadcasts.sources.relays import check_relay
from ioc.broadcasts.values import (
    BroadcastOrder,
    BroadcastView,
    Kind,
    Loudspeaker,
    LoudspeakerId,
    Preview,
    RelayedStream,
    id_of,
)
from ioc.clock import Clock
from ioc.people.access import Access
from ioc.people.errors import not_found
from ioc.store.engine import Store


class BroadcastDesk:
    """Decides who may speak where, and turns it into signed commands and deliveries."""

    def __init__(  # noqa: PLR0913 - what a broadcast consists of
        self,
        *,
        store: Store,
        clock: Clock,
        folder: Path,
        signing: SigningKey,
        sources: Sources | None = None,
        speech: Voice = say,
        policies: Policies = UNDELAYED_POLICIES,
    ) -> None:
        """Work on `store`; sound files lie in `folder`, commands are proven by `signing`."""
        self._store = store
        self._clock = clock
        self._files = AudioFiles(folder)
        self._dispatch = CommandDispatch(
            store=store, clock=clock, signing=signing, policies=policies
        )
        self.studio = Studio(
            store=store,
            clock=clock,
            files=self._files,
            sources=sources or Sources.default(),
            voice=speech,
        )
        """Where announcements are made."""

    @property
    def dispatch(self) -> CommandDispatch:
        """Sends commands of every kind."""
        return self._dispatch

    async def preview(self, access: Access, text: str) -> Preview:
        """Render a text as it will sound, and remember that this person has heard it.

        Raises:
            Refusal: the text cannot be spoken, or the person may not speak anywhere.
        """
        return await self.studio.preview_text(access, text)

    async def forget_drafts(self) -> None:
        """Delete what was made, and never sent, more than a week ago."""
        now = self._clock.now()
        async with self._store.begin() as connection:
            forgotten = await forgetting.forget_drafts(connection, now=now)
            named = await forgetting.named_sounds(connection)
        for sha256 in forgotten:
            await self._files.forget(sha256, now=now)
        await self._files.forget_unnamed(named, now=now)

    def forget_unfinished(self) -> None:
        """Delete sounds that were still arriving when the centre ended; call at the start."""
        self._files.forget_unfinished()

    async def broadcast(self, access: Access, order: BroadcastOrder) -> str:
        """Order the announcement and return its broadcast id; gateways get it when reachable.

        Raises:
            Refusal: not previewed by this person, or a loudspeaker that is not theirs.
        """
        authorising.check_order(access, order)
        now = self._clock.now()
        async with self._store.begin() as connection:
            kind = await self._kind_of(connection, access, order)
            if order.alarm_id is not None:
                await authorising.check_alarm(connection, access, order.alarm_id)
            placing = Placing(
                login=access.login,
                order=order,
                chosen=await authorising.choose_targets(connection, access, order.loudspeakers),
                kind=kind,
                level=await authorising.choose_level(connection, access, order.level),
            )
            broadcast_id = await ordering.place(
                connection, placing, dispatch=self._dispatch, now=now
            )
        self._dispatch.wake()
        return broadcast_id

    async def stop(self, access: Access, broadcast_id: str) -> int:
        """Silence a broadcast and its repeats on every loudspeaker of the person's areas.

        Returns how many loudspeakers had not ended yet.

        Raises:
            Refusal: none of its loudspeakers is theirs.
        """
        async with self._store.begin() as connection:
            first = await authorising.first_of(connection, broadcast_id)
            known = await records.deliveries_of(connection, first.broadcast_id)
            mine = authorising.speakable(access, known)
            still_open = [each for each in known if not each.final]
            stopped = [each for each in still_open if each in mine]
            stopping = Stopping(
                login=access.login,
                first_id=first.broadcast_id,
                stopped=stopped,
                others=[each for each in still_open if each not in mine],
            )
            await ordering.place_stop(
                connection, stopping, dispatch=self._dispatch, now=self._clock.now()
            )
        self._dispatch.wake()
        return len(stopped)

    async def repeat(self, access: Access, broadcast_id: str, loudspeaker: LoudspeakerId) -> str:
        """Order it once more on one loudspeaker; return the repeat's own broadcast id.

        Raises:
            Refusal: the loudspeaker is not theirs, or has not ended the previous attempt.
        """
        async with self._store.begin() as connection:
            first = await authorising.first_of(connection, broadcast_id)
            known = await records.deliveries_of(connection, first.broadcast_id)
            chosen = await authorising.choose_targets(connection, access, (loudspeaker,))
            last = [each for each in known if id_of(each.loudspeaker) == loudspeaker]
            if not last:
                raise not_found()
            if not last[0].final:
                raise refusals.still_busy()
            order = _repeat_of(first, loudspeaker)
            authorising.check_order(access, order)
            placing = Placing(
                login=access.login,
                order=order,
                chosen=chosen,
                kind=first.kind,
                level=await authorising.choose_level(connection, access, None),
                repeat_of=first.broadcast_id,
            )
            repeat_id = await ordering.place(
                connection, placing, dispatch=self._dispatch, now=self._clock.now()
            )
        self._dispatch.wake()
        return repeat_id

    async def view(self, access: Access, broadcast_id: str) -> BroadcastView:
        """Return a broadcast with its deliveries, repeats followed.

        Raises:
            Refusal: unknown, or none of its loudspeakers lies in the person's areas.
        """
        async with self._store.read() as connection:
            first = await authorising.first_of(connection, broadcast_id)
            known = await records.deliveries_of(connection, first.broadcast_id)
        visible = tuple(each for each in known if access.may_see(each.loudspeaker.area_id))
        if not visible:
            raise not_found()
        return BroadcastView(
            broadcast_id=first.broadcast_id,
            author=first.author,
            text=first.text,
            spoken_text=first.spoken_text,
            audio_sha256=first.audio_sha256,
            duration_s=first.duration_s,
            priority=first.priority,
            kind=first.kind,
            level=first.level,
            status=first.status,
            not_before=first.not_before,
            stream_url=first.stream_url,
            alarm_id=first.alarm_id,
            created_at=first.created_at,
            expires_at=first.expires_at,
            deliveries=visible,
        )

    async def loudspeakers(self, access: Access) -> tuple[Loudspeaker, ...]:
        """Return the loudspeakers this person may use, by area and name."""
        async with self._store.read() as connection:
            known = await records.targets(connection)
        return tuple(
            target.loudspeaker
            for target in known.values()
            if access.may_speak(target.loudspeaker.area_id)
        )

    async def audio_for(self, access: Access, sha256: str) -> Path | None:
        """Return the sound file of a preview or broadcast this person may hear."""
        async with self._store.read() as connection:
            heard = await records.heard_text(
                connection, login=access.login, audio_sha256=sha256, now=self._clock.now()
            )
            may_hear = heard is not None or await self._may_hear(connection, access, sha256)
        if not may_hear and not await self._is_phrase(access, sha256):
            return None
        return self._files.path_of(sha256)

    async def audio_for_gateway(self, gateway_id: str, sha256: str) -> Path | None:
        """Return the sound file if a command to this gateway names it."""
        async with self._store.read() as connection:
            ordered = await records.is_ordered_from(
                connection, gateway_id=gateway_id, audio_sha256=sha256
            )
        return self._files.path_of(sha256) if ordered else None

    def sound_file(self, sha256: str) -> Path | None:
        """Return where a sound lies, for a caller that has decided who may have it."""
        return self._files.path_of(sha256)

    async def answer_birth(
        self, connection: AsyncConnection, *, address: Address, birth: Birth
    ) -> None:
        """Order the signed clock for a gateway that has just connected, in the caller's transaction.

        Pending commands of that gateway are sent at once instead of at their next turn.
        """
        await self._dispatch.answer_birth(connection, address=address, birth=birth)

    async def run_sender(self, bus: CommandBus) -> None:
        """Publish commands for ever, again until each is answered or expires."""
        await self._dispatch.run(bus)

    async def _kind_of(
        self, connection: AsyncConnection, access: Access, order: BroadcastOrder
    ) -> Kind:
        """Return what is to be sent, once the person may send it."""
        if order.relay is not None:
            check_relay(access, order.relay, self.studio.sources.stations)
            return "relay"
        heard = await records.what_was_heard(
            connection,
            login=access.login,
            audio_sha256=order.audio_sha256,
            now=self._clock.now(),
        )
        return authorising.check_heard(heard, order).kind

    async def _is_phrase(self, access: Access, sha256: str) -> bool:
        may_speak = any(access.may_speak(area_id) for area_id in access.area_ids)
        return may_speak and await self.studio.phrases.holds(sha256)

    async def _may_hear(self, connection: AsyncConnection, access: Access, sha256: str) -> bool:
        for broadcast_id in await records.broadcasts_of_sound(connection, sha256):
            known = await records.deliveries_of(connection, broadcast_id)
            if any(access.may_see(each.loudspeaker.area_id) for each in known):
                return True
        return False


def _repeat_of(first: Row[Any], loudspeaker: LoudspeakerId) -> BroadcastOrder:
    """Return the order to play a broadcast once more, at once, on one loudspeaker."""
    relay = (
        RelayedStream(stream_url=first.stream_url, duration_s=first.stream_s)
        if first.stream_url
        else None
    )
    return BroadcastOrder(
        text=first.text,
        audio_sha256=first.audio_sha256,
        loudspeakers=(loudspeaker,),
        source=first.source,
        priority=first.priority,
        status=first.status,
        when_interrupted=first.when_interrupted,
        alarm_id=first.alarm_id,
        relay=relay,
    )
