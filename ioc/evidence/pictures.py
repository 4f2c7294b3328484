"""Evidence pictures on disk by hash: takes only what a gateway announced, and proves it first."""

import asyncio
import hashlib
import os
from pathlib import Path

import cv2
import numpy as np
import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.clock import Clock
from ioc.evidence.jpeg import read_dimensions
from ioc.store import journal
from ioc.store.engine import Store
from ioc.store.tables import alarms, evidence

MAX_PICTURE_BYTES = 20_000_000
MAX_PICTURE_PIXELS = 50_000_000
"""A 50-megapixel camera; decoding it takes 150 MB, which the centre can bear."""

_log = structlog.get_logger(__name__)


class PictureRefused(Exception):
    """A picture is not taken; the gateway's technician must look into it."""


class NotAnnounced(PictureRefused):
    """No committed event of this gateway announced the hash (yet)."""


class PictureTooLarge(PictureRefused):
    """The body exceeds the limit."""


class WrongHash(PictureRefused):
    """The body is not what its hash names."""


class NotAPicture(PictureRefused):
    """The body cannot be decoded as a JPEG of reasonable size."""


class PictureStore:
    """The folder of pictures and the rows that say which are there."""

    def __init__(self, *, folder: Path, store: Store, clock: Clock) -> None:
        self._folder = folder
        self._store = store
        self._clock = clock

    def path_of(self, sha256: str) -> Path:
        """Return where the picture lies or would lie."""
        return self._folder / sha256[:2] / f"{sha256}.jpg"

    async def expected(self, gateway_id: str, sha256: str) -> bool:
        """Tell whether a committed event of this gateway announced the hash."""
        async with self._store.read() as connection:
            return await _state_of(connection, gateway_id, sha256) is not None

    async def accept(self, gateway_id: str, sha256: str, body: bytes) -> None:
        """Keep a picture and tell those who wait for it; taking it again changes nothing.

        Raises:
            NotAnnounced: no committed event of this gateway names the hash.
            PictureTooLarge: over 20 MB.
            WrongHash: the body has another SHA-256.
            NotAPicture: no JPEG, damaged, or more than 50 megapixels.
        """
        async with self._store.read() as connection:
            state = await _state_of(connection, gateway_id, sha256)
        try:
            if state is None:
                raise NotAnnounced("no committed event of this gateway announces this picture")
            if len(body) > MAX_PICTURE_BYTES:
                raise PictureTooLarge(f"more than {MAX_PICTURE_BYTES} bytes")
            await asyncio.to_thread(_prove_and_write, body, sha256, self.path_of(sha256))
        except PictureRefused as error:
            _log.warning(
                "evidence.refused", gateway_id=gateway_id, sha256=sha256, reason=str(error)
            )
            raise
        await self._mark_stored(gateway_id, sha256)

    async def _mark_stored(self, gateway_id: str, sha256: str) -> None:
        now = self._clock.now()
        async with self._store.begin() as connection:
            await connection.execute(
                update(evidence)
                .where(evidence.c.gateway_id == gateway_id, evidence.c.sha256 == sha256)
                .where(evidence.c.state != "stored")
                .values(state="stored", stored_at=now)
            )
            query = (
                select(alarms.c.alarm_id, alarms.c.area_id)
                .distinct()
                .join(evidence, evidence.c.alarm_id == alarms.c.alarm_id)
                .where(evidence.c.gateway_id == gateway_id, evidence.c.sha256 == sha256)
            )
            for alarm_id, area_id in (await connection.execute(query)).all():
                await journal.write(
                    connection, subject="alarm", subject_id=alarm_id, area_id=area_id, at=now
                )


async def _state_of(connection: AsyncConnection, gateway_id: str, sha256: str) -> str | None:
    state: str | None = await connection.scalar(
        select(evidence.c.state)
        .where(evidence.c.sha256 == sha256, evidence.c.gateway_id == gateway_id)
        .limit(1)
    )
    return state


def _prove_and_write(body: bytes, sha256: str, path: Path) -> None:
    if hashlib.sha256(body).hexdigest() != sha256:
        raise WrongHash("the body has another SHA-256 than its address")
    declared = read_dimensions(body)
    if declared is None:
        raise NotAPicture("not a JPEG")
    if declared.pixels > MAX_PICTURE_PIXELS:
        raise NotAPicture(f"{declared.width_px}x{declared.height_px} is too large to decode")
    try:
        decoded = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    except cv2.error as error:
        raise NotAPicture("it cannot be decoded") from error
    if decoded is None:
        raise NotAPicture("it cannot be decoded")
    _write_durably(body, path)


def _write_durably(body: bytes, path: Path) -> None:
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.{id(body)}.part")
    try:
        with part.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        # On a full disk every repetition would leave another piece.
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # else the name itself may be lost in a power cut
    finally:
        os.close(folder)
