"""Compressed packets on disk, for what is still wanted but memory cannot hold; decodes nothing."""

import contextlib
import errno
import os
import shutil
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from threading import Lock

import structlog

from edge_agent.vision.stream.packet import Packet

SHELF_BYTES = 200_000_000
"""Of all cameras together; beyond it the oldest gives way."""
KEPT_FREE_BYTES = 64_000_000
"""What others need of the disk more urgently: the outbox, and evidence that is finished."""
_SUFFIX = ".packets"

_log = structlog.get_logger(__name__)


class Stored:
    """Packets in one file, which is deleted when nobody refers to it any longer."""

    def __init__(self, file: Path, packets: Sequence[Packet]) -> None:
        self.file = file
        self.size_bytes = sum(len(packet.payload) for packet in packets)
        self._index = [(len(p.payload), p.pts, p.t_s, p.keyframe) for p in packets]

    def __len__(self) -> int:
        return len(self._index)

    @property
    def readable(self) -> bool:
        """Whether they did not have to give way, and the disk still has them."""
        try:
            return self.file.stat().st_size == self.size_bytes
        except OSError:
            return False

    def read(self) -> list[Packet]:
        """Return the packets.

        Raises:
            OSError: they had to give way, or the disk fails.
        """
        body = self.file.read_bytes()
        if len(body) != self.size_bytes:
            raise OSError(f"{self.file.name} is not complete")
        packets, at = [], 0
        for size, pts, t_s, keyframe in self._index:
            payload = body[at : at + size]
            packets.append(Packet(payload=payload, pts=pts, t_s=t_s, keyframe=keyframe))
            at += size
        return packets


class Shelf:
    """The folder of one vision child. Any thread may put and read."""

    def __init__(self, folder: Path, *, max_bytes: int = SHELF_BYTES) -> None:
        """Make the folder, and empty it: what a child that is gone has left helps nobody."""
        folder.mkdir(parents=True, exist_ok=True)
        for stray in folder.glob(f"*{_SUFFIX}"):
            _delete(stray)
        self._folder = folder
        self._max_bytes = max_bytes
        self._numbers = count()
        self._sizes: OrderedDict[Path, int] = OrderedDict()
        self._lock = Lock()
        self._failing = self._full = False
        self.given_up = 0
        """Files that had to give way while they were still wanted."""
        self.refused = 0
        """Times that the disk took nothing."""

    @property
    def held_bytes(self) -> int:
        """Bytes of all files."""
        with self._lock:
            return sum(self._sizes.values())

    def put(self, packets: Sequence[Packet]) -> Stored | None:
        """Write packets; None if the disk does not take them, which is logged once."""
        stored = Stored(self._folder / f"{next(self._numbers):08}{_SUFFIX}", packets)
        try:
            _write(stored, packets)
        except OSError as error:
            _delete(stored.file)
            self.refused += 1
            if not self._failing:
                _log.error("shelf_failing", why=error.strerror)
            self._failing = True
            return None
        self._failing = False
        with self._lock:
            self._sizes[stored.file] = stored.size_bytes
        weakref.finalize(stored, self._forget, stored.file)
        self._make_room()
        return stored

    def _forget(self, file: Path) -> None:
        with self._lock:
            self._sizes.pop(file, None)
        _delete(file)

    def _make_room(self) -> None:
        """Let the oldest go: their candidates have had the longest time to prove themselves."""
        going: list[Path] = []
        with self._lock:
            held_bytes = sum(self._sizes.values())
            while held_bytes > self._max_bytes and len(self._sizes) > 1:
                file, size_bytes = self._sizes.popitem(last=False)
                held_bytes -= size_bytes
                going.append(file)
        for file in going:
            _delete(file)
        self.given_up += len(going)
        if going and not self._full:
            _log.warning("shelf_full", max_bytes=self._max_bytes)
        self._full = bool(going)


def _write(stored: Stored, packets: Sequence[Packet]) -> None:
    if shutil.disk_usage(stored.file.parent).free < KEPT_FREE_BYTES + stored.size_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with stored.file.open("wb") as file:
        file.writelines(packet.payload for packet in packets)


def _delete(file: Path) -> None:
    # A disk that fails may not let go of a file either; the next child tries again.
    with contextlib.suppress(OSError):
        file.unlink()
