"""The desk of the station: sets talk-downs, orders self-tests, opens the log, each for who may."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.commands import TestLoudspeakers
from contracts.state import Birth
from contracts.topics import Address
from ioc.broadcasts import BroadcastDesk, LoudspeakerId, records, refusals
from ioc.broadcasts.commands import Order, new_id
from ioc.broadcasts.records import Target
from ioc.clock import Clock
from ioc.gateways import register
from ioc.people import Access, audit
from ioc.people.audit import Deed
from ioc.people.errors import not_allowed, not_found
from ioc.station import self_tests, talk_downs
from ioc.station.log import LogEntry, read_log
from ioc.station.refusals import wrong_hours
from ioc.station.talk_downs import TalkDownSetting, TalkDownView
from ioc.store.engine import Store
from ioc.store.tables import devices

_TEST_VALID = timedelta(minutes=5)


class Station:
    """What the commune's loudspeakers say without anybody at the microphone, and the log of all."""

    def __init__(self, *, store: Store, clock: Clock, voice: BroadcastDesk) -> None:
        """Work on `store`; orders go out through `voice`, texts are those previewed there."""
        self._store = store
        self._clock = clock
        self._voice = voice

    async def set_talk_down(
        self, access: Access, setting: TalkDownSetting, *, talk_down_id: str | None = None
    ) -> str:
        """Have something said at a camera, or change what is (`talk_down_id`); return its id.

        Raises:
            Refusal: not previewed by this person, hours that cannot be, or a camera or loudspeaker
                that is not theirs.
        """
        if not access.may_set_talk_downs:
            raise not_allowed()
        _check_hours(setting.hours)
        now = self._clock.now()
        async with self._store.begin() as connection:
            known = await _find_own(connection, access, talk_down_id) if talk_down_id else None
            if known is not None and known.gateway_id != setting.gateway_id:
                raise not_found()
            await self._check_previewed(connection, access, setting, unless_kept=known, now=now)
            await _check_camera(connection, access, setting)
            await _check_loudspeakers(connection, access, setting)
            new = talk_down_id or new_id(now)
            await talk_downs.keep(connection, setting, talk_down_id=new, login=access.login, at=now)
            await self._tell(connection, setting.gateway_id, at=now)
            subject = f"{setting.gateway_id}/{setting.camera_id}"
            deed = Deed(login=access.login, action="talk_down_set", subject=subject, detail=new)
            await audit.write(connection, deed, at=now)
        self._voice.dispatch.wake()
        return new

    async def forget_talk_down(self, access: Access, talk_down_id: str) -> None:
        """Have it said no more.

        Raises:
            Refusal: unknown, or not theirs.
        """
        if not access.may_set_talk_downs:
            raise not_allowed()
        now = self._clock.now()
        async with self._store.begin() as connection:
            known = await _find_own(connection, access, talk_down_id)
            await talk_downs.forget(connection, talk_down_id)
            await self._tell(connection, known.gateway_id, at=now)
            subject = f"{known.gateway_id}/{known.camera_id}"
            deed = Deed(
                login=access.login, action="talk_down_forget", subject=subject, detail=talk_down_id
            )
            await audit.write(connection, deed, at=now)
        self._voice.dispatch.wake()

    async def talk_downs(self, access: Access) -> tuple[TalkDownView, ...]:
        """Return the talk-downs at cameras the person may see."""
        async with self._store.read() as connection:
            views = await talk_downs.read_all(connection)
            areas = await _camera_areas(connection)
        return tuple(
            view
            for view in views
            if access.may_see(areas.get((view.setting.gateway_id, view.setting.camera_id), ""))
        )

    async def test(self, access: Access, loudspeakers: Sequence[LoudspeakerId]) -> str:
        """Order a short quiet tone on loudspeakers; return the test's id.

        Raises:
            Refusal: none is chosen, or one is not theirs.
        """
        if not access.may_test_loudspeakers:
            raise not_allowed()
        if not loudspeakers:
            raise refusals.empty_selection()
        now = self._clock.now()
        test_id = new_id(now)
        async with self._store.begin() as connection:
            targets = _visible(await records.targets(connection), access, loudspeakers)
            await self_tests.note_ordered(connection, test_id, targets, login=access.login, at=now)
            by_address: dict[Address, list[str]] = defaultdict(list)
            for each, target in targets.items():
                by_address[target.address].append(each.device_id)
            for address, device_ids in by_address.items():
                tests = TestLoudspeakers(test_id=test_id, loudspeaker_ids=tuple(device_ids))
                order = Order(data=tests, issued_at=now, expires_at=now + _TEST_VALID)
                await self._voice.dispatch.order(connection, order, address=address)
            deed = Deed(login=access.login, action="loudspeaker_test", subject=test_id)
            await audit.write(connection, deed, at=now)
        self._voice.dispatch.wake()
        return test_id

    async def log(
        self, access: Access, *, since: datetime, until: datetime
    ) -> tuple[LogEntry, ...]:
        """Return the station log of a time, oldest first, as far as the person may see it."""
        async with self._store.read() as connection:
            return await read_log(connection, access, since=since, until=until)

    async def audio_for_gateway(self, gateway_id: str, sha256: str) -> Path | None:
        """Return the sound file if a command to this gateway, or a talk-down of it, names it."""
        ordered = await self._voice.audio_for_gateway(gateway_id, sha256)
        if ordered is not None:
            return ordered
        async with self._store.read() as connection:
            named = await talk_downs.names_sound(
                connection, gateway_id=gateway_id, audio_sha256=sha256
            )
        return self._voice.sound_file(sha256) if named else None

    async def answer_birth(
        self, connection: AsyncConnection, *, address: Address, birth: Birth
    ) -> None:
        """Order the signed clock, and tell the talk-downs anew where the gateway missed them."""
        await self._voice.answer_birth(connection, address=address, birth=birth)
        told = await talk_downs.told_state(connection, address.gateway_id)
        if told not in ("", "done", "pending"):
            await self._tell(connection, address.gateway_id, at=self._clock.now())

    async def _tell(self, connection: AsyncConnection, gateway_id: str, *, at: datetime) -> None:
        gateway = await register.find(connection, gateway_id)
        if gateway is None:
            raise not_found()
        order = await talk_downs.order_of(connection, gateway_id, at=at)
        await self._voice.dispatch.order(connection, order, address=gateway.address)

    async def _check_previewed(
        self,
        connection: AsyncConnection,
        access: Access,
        setting: TalkDownSetting,
        *,
        unless_kept: object,
        now: datetime,
    ) -> None:
        kept = {
            (getattr(unless_kept, "text", None), getattr(unless_kept, "audio_sha256", None)),
            (
                getattr(unless_kept, "night_text", None),
                getattr(unless_kept, "night_audio_sha256", None),
            ),
        }
        wanted = [(setting.text, setting.audio_sha256)]
        if setting.night_audio_sha256 is not None:
            wanted.append((setting.night_text or "", setting.night_audio_sha256))
        for text, sound in wanted:
            if (text, sound) in kept:
                continue
            heard = await records.heard_text(
                connection, login=access.login, audio_sha256=sound, now=now
            )
            if heard != text:
                raise refusals.not_previewed()


def _check_hours(hours: Sequence[str]) -> None:
    for each in hours:
        begin, _, end = each.partition("-")
        if begin == end or end > "24:00":
            raise wrong_hours(each)


async def _check_camera(
    connection: AsyncConnection, access: Access, setting: TalkDownSetting
) -> None:
    area_id = await _camera_area(connection, setting.gateway_id, setting.camera_id)
    if area_id is None or not access.may_see(area_id):
        raise not_found()


async def _check_loudspeakers(
    connection: AsyncConnection, access: Access, setting: TalkDownSetting
) -> None:
    if not setting.loudspeaker_ids:
        raise refusals.empty_selection()
    wanted = [LoudspeakerId(setting.gateway_id, each) for each in setting.loudspeaker_ids]
    for target in _visible(await records.targets(connection), access, wanted).values():
        if not access.may_speak(target.loudspeaker.area_id):
            raise not_allowed()


def _visible(
    known: dict[LoudspeakerId, Target], access: Access, wanted: Sequence[LoudspeakerId]
) -> dict[LoudspeakerId, Target]:
    found = {}
    for each in dict.fromkeys(wanted):
        target = known.get(each)
        if target is None or not access.may_see(target.loudspeaker.area_id):
            raise not_found()
        found[each] = target
    return found


async def _find_own(connection: AsyncConnection, access: Access, talk_down_id: str) -> Row[Any]:
    """Return a talk-down as it stands at a camera of the person's.

    Raises:
        Refusal: unknown, or not theirs, though the gateway may serve their hamlet as well.
    """
    known = await talk_downs.find(connection, talk_down_id)
    if known is None:
        raise not_found()
    area_id = await _camera_area(connection, known.gateway_id, known.camera_id)
    # A camera that is gone leaves its talk-down to whoever sees the whole commune.
    if area_id is not None and not access.may_see(area_id):
        raise not_found()
    return known


async def _camera_area(connection: AsyncConnection, gateway_id: str, camera_id: str) -> str | None:
    return (await _camera_areas(connection)).get((gateway_id, camera_id))


async def _camera_areas(connection: AsyncConnection) -> dict[tuple[str, str], str]:
    rows = await connection.execute(
        select(devices.c.gateway_id, devices.c.device_id, devices.c.area_id).where(
            devices.c.device_kind == "camera", devices.c.present.is_(True)
        )
    )
    return {(row.gateway_id, row.device_id): row.area_id for row in rows}
