"""Reading MP4 structure: real clips pass, and no bytes raise anything but the refusal."""

import io
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ioc.evidence.mp4 import MAX_BOXES, read_clip
from ioc.evidence.refusals import NotAClip
from tests.ioc.clips import mp4

CLIP = mp4()


def box(kind: bytes, content: bytes = b"", *, claimed: int | None = None) -> bytes:
    length = 8 + len(content) if claimed is None else claimed
    return length.to_bytes(4, "big") + kind + content


def read(body: bytes):
    return read_clip(io.BytesIO(body), len(body))


def test_a_clips_header_is_read():
    """Kind and size of its one track."""
    facts = read(CLIP)
    assert (facts.sample_entry, facts.width_px, facts.height_px) == ("avc1", 160, 90)


def test_a_header_at_the_end_and_long_sizes_are_read():
    """A box may use 64 bits for its length, and the last one may say: to the end."""
    at = CLIP.index(b"mdat") - 4
    body = CLIP[:at]
    media = CLIP[at + 8 :]
    long = (1).to_bytes(4, "big") + b"mdat" + (16 + len(media)).to_bytes(8, "big") + media
    assert read(body + long).sample_entry == "avc1"
    assert read(body + box(b"mdat", media, claimed=0)).sample_entry == "avc1"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "ftyp"),
        (box(b"free") + CLIP, "ftyp"),
        (CLIP[:-1], "beyond the end"),
        (CLIP + box(b"free", claimed=4), "shorter than its head"),
        (CLIP + box(b"free", claimed=1), "shorter than its head"),
        (CLIP + b"\0\0\0", "head of a box"),
        (box(b"ftyp") + box(b"mdat", b"x"), "0 moov"),
        (box(b"ftyp") + box(b"moov"), "no mdat"),
        (box(b"ftyp") + box(b"moov") + box(b"mdat", b"x"), "0 tracks"),
        (CLIP + box(b"moov"), "2 moov"),
        (CLIP.replace(b"vide", b"soun", 1), "no video"),
        (CLIP.replace(b"avc1", b"mp4v"), "neither H.264"),
        (CLIP.replace(b"stbl", b"stbx"), "no stbl"),
        (CLIP + box(b"free") * MAX_BOXES, "more than"),
        (box(b"ftyp") + box(b"mdat", b"x") + box(b"moov", box(b"trak") * 9_999), "more than"),
    ],
)
def test_what_is_not_whole_is_refused_with_its_reason(body, why):
    """The technician reads it in the log."""
    with pytest.raises(NotAClip, match=why):
        read(body)


def test_a_chunk_beyond_the_end_is_refused():
    """A player would wait for bytes that never come."""
    at = CLIP.index(b"stco") + 12
    body = CLIP[:at] + (10**9).to_bytes(4, "big") + CLIP[at + 4 :]
    with pytest.raises(NotAClip, match="beyond the end"):
        read(body)


@settings(max_examples=300)
@given(st.data())
def test_no_damage_raises_anything_but_the_refusal(data):
    """Cut, replaced and inserted bytes, mostly where the structure is."""
    start = data.draw(st.integers(0, len(CLIP)) | st.integers(0, 1_200))
    end = data.draw(st.integers(start, min(len(CLIP), start + 40)))
    piece = data.draw(st.binary(max_size=40))
    with suppress(NotAClip):
        read(CLIP[:start] + piece + CLIP[end:])


@settings(max_examples=100)
@given(st.binary(max_size=200))
@example(box(b"ftyp") + box(b"moov", box(b"trak")) + box(b"mdat", b"x"))
def test_no_bytes_raise_anything_but_the_refusal(body):
    """Also after a good beginning."""
    for prefix in (b"", box(b"ftyp"), box(b"ftyp") + box(b"mdat", b"x")):
        with suppress(NotAClip):
            read(prefix + body)


@given(st.integers(0, len(CLIP) - 1))
def test_no_beginning_of_a_clip_is_a_clip(length):
    """An upload that broke off is noticed without its hash, too."""
    with pytest.raises(NotAClip):
        read(CLIP[:length])
