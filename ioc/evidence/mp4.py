"""Reading whether a file is a whole MP4 clip with one H.264 or H.265 track; decodes nothing.

Boxes as in ISO/IEC 14496-12 (size, type, content), sample entries as in 14496-15. Whatever the bytes
are, the only exception is `NotAClip`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ioc.evidence.refusals import NotAClip

MAX_MOOV_BYTES = 8_000_000
"""Tables of ten minutes at 60 pictures a second need less than a tenth of it."""
MAX_BOXES = 5_000
"""Side by side; a fragmented clip has a few per second."""
MAX_SIDE_PX = 16_384
MAX_PIXELS = 50_000_000
SAMPLE_ENTRIES = frozenset({b"avc1", b"hvc1", b"hev1"})

_LARGE, _TO_THE_END = 1, 0
_VIDEO_HANDLER = b"vide"


@dataclass(frozen=True, kw_only=True)
class ClipFacts:
    """What the header of a clip says."""

    sample_entry: str
    """`avc1`, `hvc1` or `hev1`."""
    width_px: int
    height_px: int


@dataclass(frozen=True, kw_only=True)
class _Box:
    kind: bytes
    begins_at: int
    """Of its content."""
    ends_at: int


def read_clip(file: BinaryIO, size_bytes: int) -> ClipFacts:
    """Return what a clip's header says, once its structure is whole.

    Args:
        file: seekable, from its first byte.
        size_bytes: of the whole file.

    Raises:
        NotAClip: with the reason, for a person.
    """
    boxes = list(_top_boxes(file, size_bytes))
    if not boxes or boxes[0].kind != b"ftyp":
        raise NotAClip("it does not begin with ftyp")
    if not any(box.kind == b"mdat" and box.ends_at > box.begins_at for box in boxes):
        raise NotAClip("it has no mdat")
    headers = [box for box in boxes if box.kind == b"moov"]
    if len(headers) != 1:
        raise NotAClip(f"it has {len(headers)} moov boxes instead of one")
    moov = headers[0]
    if moov.ends_at - moov.begins_at > MAX_MOOV_BYTES:
        raise NotAClip("its moov is too large")
    file.seek(moov.begins_at)
    return _read_moov(_exactly(file, moov.ends_at - moov.begins_at), size_bytes)


def _top_boxes(file: BinaryIO, size_bytes: int) -> Iterator[_Box]:
    at = 0
    for _ in range(MAX_BOXES):
        if at == size_bytes:
            return
        file.seek(at)
        box = _box(file.read(16), at, size_bytes)
        yield box
        at = box.ends_at
    raise NotAClip(f"it has more than {MAX_BOXES} boxes")


def _box(head: bytes, at: int, limit: int) -> _Box:
    """Return the box whose first bytes are `head` at `at`; nothing of it lies beyond `limit`."""
    if len(head) < 8 or limit - at < 8:
        raise NotAClip("it ends within the head of a box")
    length, head_length = int.from_bytes(head[:4], "big"), 8
    if length == _LARGE:
        length, head_length = int.from_bytes(head[8:16], "big"), 16
    elif length == _TO_THE_END:
        length = limit - at
    if length < head_length:
        raise NotAClip("a box is shorter than its head")
    if length > limit - at:
        raise NotAClip(f"a box of {length} bytes goes beyond the end")
    return _Box(kind=head[4:8], begins_at=at + head_length, ends_at=at + length)


def _boxes(body: bytes, begins_at: int = 0, ends_at: int | None = None) -> Iterator[_Box]:
    """Give the boxes one after the other in a piece of memory."""
    at, limit = begins_at, len(body) if ends_at is None else ends_at
    for _ in range(MAX_BOXES):
        if at >= limit:
            return
        box = _box(body[at : min(at + 16, limit)], at, limit)
        yield box
        at = box.ends_at
    raise NotAClip(f"it has more than {MAX_BOXES} boxes")


def _read_moov(moov: bytes, size_bytes: int) -> ClipFacts:
    tracks = [box for box in _boxes(moov) if box.kind == b"trak"]
    if len(tracks) != 1:
        raise NotAClip(f"it has {len(tracks)} tracks instead of one of video")
    media = _inner(moov, tracks[0], b"mdia")
    handler = _inner(moov, media, b"hdlr")
    # Version and flags, then a reserved word, then what the track is for.
    if moov[handler.begins_at + 8 : min(handler.begins_at + 12, handler.ends_at)] != _VIDEO_HANDLER:
        raise NotAClip("its track is no video")
    table = _inner(moov, _inner(moov, media, b"minf"), b"stbl")
    _check_offsets(moov, table, size_bytes)
    return _sample_entry(moov, _inner(moov, table, b"stsd"))


def _inner(body: bytes, outer: _Box, kind: bytes) -> _Box:
    for box in _boxes(body, outer.begins_at, outer.ends_at):
        if box.kind == kind:
            return box
    raise NotAClip(f"it has no {kind.decode()}")


def _sample_entry(moov: bytes, descriptions: _Box) -> ClipFacts:
    # Version, flags and the number of entries stand before them.
    entries = list(_boxes(moov, descriptions.begins_at + 8, descriptions.ends_at))
    if len(entries) != 1 or entries[0].kind not in SAMPLE_ENTRIES:
        kinds = ", ".join(entry.kind.decode("ascii", "replace") for entry in entries[:4])
        raise NotAClip(f"its video is {kinds or 'nothing'}, neither H.264 nor H.265")
    entry = entries[0]
    # VisualSampleEntry: 24 bytes, then width and height of 16 bits each.
    if entry.ends_at - entry.begins_at < 70:
        raise NotAClip("its sample entry is cut off")
    width_px, height_px = (
        int.from_bytes(moov[at : at + 2], "big")
        for at in (entry.begins_at + 24, entry.begins_at + 26)
    )
    sane = 0 < width_px <= MAX_SIDE_PX and 0 < height_px <= MAX_SIDE_PX
    if not sane or width_px * height_px > MAX_PIXELS:
        raise NotAClip(f"{width_px}x{height_px} is no sane size")
    return ClipFacts(sample_entry=entry.kind.decode(), width_px=width_px, height_px=height_px)


def _check_offsets(moov: bytes, table: _Box, size_bytes: int) -> None:
    """Refuse tables that send a player beyond the end; a fragmented clip has none."""
    for box in _boxes(moov, table.begins_at, table.ends_at):
        if box.kind not in (b"stco", b"co64"):
            continue
        width = 4 if box.kind == b"stco" else 8
        offsets = moov[box.begins_at + 8 : box.ends_at]
        count = int.from_bytes(moov[box.begins_at + 4 : box.begins_at + 8], "big")
        if count * width != len(offsets):
            raise NotAClip("its table of chunks is cut off")
        for at in range(0, len(offsets), width):
            if int.from_bytes(offsets[at : at + width], "big") >= size_bytes:
                raise NotAClip("a chunk lies beyond the end")


def _exactly(file: BinaryIO, length: int) -> bytes:
    body = file.read(length)
    if len(body) != length:
        raise NotAClip("it ends within a box")
    return body
