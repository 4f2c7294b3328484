"""A commune with two gateways, a desk over it, and a bus that keeps what was published."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from contracts.commands import Command, verify_command
from contracts.topics import Address, parse_topic_name
from ioc.broadcasts import BroadcastDesk, BroadcastOrder, Framing, LoudspeakerId
from ioc.broadcasts.dispatch import CommandDispatch
from ioc.broadcasts.keys import SigningKey, create_signing_key
from ioc.people import Access, Role
from ioc.speech import Rendered
from ioc.store.engine import Store
from tests.fakes.clock import FakeClock
from tests.ioc.commune import Person, access_of, add_gateway, open_commune

OPERATOR = Person(login="lan", role=Role.OPERATOR, area_id="xa")
HEAD = Person(login="truong", role=Role.HAMLET_HEAD, area_id="ban-chuong")
VIEWER = Person(login="khach", role=Role.VIEWER, area_id="xa")

LOUDSPEAKER = LoudspeakerId("tu-1", "tu-1-loa-1")
OTHER = LoudspeakerId("tu-1", "tu-1-loa-2")
ELSEWHERE = LoudspeakerId("tu-2", "tu-2-loa-1")
TEXT = "Đề nghị không đổ rác tại đây."


async def say(words: str) -> Rendered:
    """Return what a text sounds like here: a tone of its own, so that other words are another sound."""
    pitch_hz = 200 + int.from_bytes(sha256(words.encode()).digest()[:2], "big") % 2_000
    wave = 8_000 * np.sin(2 * np.pi * pitch_hz * np.arange(12_000) / 48_000)
    return Rendered(samples=wave.astype(np.int16), spoken_text=words)


class KeptBus:
    """Keeps every published command, verified as its gateway would verify it."""

    def __init__(self, signing: SigningKey) -> None:
        self._keys = {signing.key_id: signing.key.public_key()}
        self.published: list[tuple[Address, Command]] = []
        self.fails_with: Exception | None = None

    async def publish(self, topic_name: str, payload: bytes, *, retained: bool) -> None:
        if self.fails_with is not None:
            raise self.fails_with
        assert not retained, "a command is never retained"
        address, _, command_id = parse_topic_name(topic_name)
        command = verify_command(payload, keys=self._keys, address=address)
        assert command.command_id == command_id
        self.published.append((address, command))

    def of_kind(self, kind: str) -> list[Command]:
        return [command for _, command in self.published if command.kind == kind]


@pytest.fixture
async def store(tmp_path: Path, database_url: str | None) -> AsyncIterator[Store]:
    async with open_commune(tmp_path, database_url) as opened:
        await add_gateway(opened, "tu-1", area_id="ban-chuong")
        await add_gateway(opened, "tu-2", area_id="na-lang")
        yield opened


@pytest.fixture
def signing(tmp_path: Path) -> SigningKey:
    return create_signing_key(tmp_path / "keys")


@pytest.fixture
def desk(store: Store, clock: FakeClock, signing: SigningKey, tmp_path: Path) -> BroadcastDesk:
    return BroadcastDesk(
        store=store, clock=clock, folder=tmp_path / "audio", signing=signing, speech=say
    )


@pytest.fixture
def dispatch(store: Store, clock: FakeClock, signing: SigningKey) -> CommandDispatch:
    return CommandDispatch(store=store, clock=clock, signing=signing)


@pytest.fixture
def bus(signing: SigningKey) -> KeptBus:
    return KeptBus(signing)


@pytest.fixture
async def operator(store: Store) -> Access:
    return await access_of(store, OPERATOR)


@pytest.fixture
async def head(store: Store) -> Access:
    return await access_of(store, HEAD)


@pytest.fixture
async def viewer(store: Store) -> Access:
    return await access_of(store, VIEWER)


async def order_of(
    desk: BroadcastDesk, access: Access, *loudspeakers: LoudspeakerId, **others: object
) -> BroadcastOrder:
    """Return an order whose text this person has just heard."""
    framing = Framing(said_twice=others.get("priority") == "emergency")
    heard = await desk.studio.preview_text(access, TEXT, framing=framing)
    return BroadcastOrder(
        text=TEXT,
        audio_sha256=heard.audio_sha256,
        loudspeakers=loudspeakers,
        source="console",
        **others,
    )
