"""Pictures that are missing from an H.264 stream, told by how the camera numbers them."""

import io
import random
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.vision.stream.nal import framing_of
from edge_agent.vision.stream.numbering import TIDY_PICTURES, Numbering
from edge_agent.vision.stream.packet import Packet

PICTURES, GOP = 90, 20


def encode(options: str = "", codec: str = "libx264") -> tuple[bytes | None, list[Packet]]:
    """Encode noise that moves; return the parameter sets and the packets."""
    rng, body = np.random.default_rng(7), io.BytesIO()
    noise = rng.integers(0, 255, (96, 200), np.uint8)
    with av.open(body, "w", format="matroska") as outside:
        stream = outside.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 96, "yuv420p"
        common = f"keyint={GOP}:min-keyint={GOP}:scenecut=0:{options}".rstrip(":")
        name = "x265-params" if codec == "libx265" else "x264-params"
        quiet = ":log-level=none" if codec == "libx265" else ""
        stream.options = {"preset": "veryfast", name: common + quiet}
        for number in range(PICTURES):
            shown = np.ascontiguousarray(noise[:, number : number + 96])
            frame = VideoFrame.from_ndarray(shown, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            outside.mux(stream.encode(frame))
        outside.mux(stream.encode(None))
    with av.open(io.BytesIO(body.getvalue())) as inside:
        video = inside.streams.video[0]
        packets = [
            Packet(bytes(packet), int(packet.pts or 0), 0.1 * number, bool(packet.is_keyframe))
            for number, packet in enumerate(inside.demux(video))
            if packet.size
        ]
        return video.codec_context.extradata, packets


def missed(
    packets: Sequence[Packet], extradata: bytes | None, codec: str = "h264", fps: float = 0.0
) -> list[int]:
    """Return the places of the packets before which something is missing."""
    numbering = Numbering(codec, extradata, fps)
    return [at for at, packet in enumerate(packets) if numbering.misses(packet)]


@pytest.mark.parametrize("options", ["", "bframes=3:b-pyramid=normal", "ref=4", "slices=3"])
def test_a_whole_stream_misses_nothing(options: str) -> None:
    extradata, packets = encode(options)
    assert missed(packets, extradata) == []


@pytest.mark.parametrize("options", ["", "bframes=0", "slices=3:bframes=0"])
def test_a_lost_keyframe_is_missed_at_the_next_picture(options: str) -> None:
    """libav goes on with the pictures of the group before, without a word."""
    extradata, packets = encode(options)
    lost = next(i for i, packet in enumerate(packets) if packet.keyframe and i > 2 * GOP)
    kept = packets[:lost] + packets[lost + 1 :]
    assert missed(kept, extradata)[:1] == [lost]


def test_a_lost_picture_is_missed_unless_a_keyframe_follows() -> None:
    extradata, packets = encode("bframes=0")
    for lost in range(TIDY_PICTURES + 2, PICTURES - 1):
        kept = packets[:lost] + packets[lost + 1 :]
        mends = kept[lost].keyframe
        assert missed(kept, extradata) == ([] if mends else [lost])


def test_who_numbers_untidily_is_not_accused() -> None:
    """A camera that leaves numbers out all the time says nothing by leaving one out."""
    extradata, packets = encode("bframes=0")
    untidy = [packet._replace(t_s=0.1 * at) for at, packet in enumerate(packets[::2])]
    assert missed(untidy, extradata) == []
    assert missed(untidy, extradata, fps=10.0) == []


@pytest.mark.parametrize(("every", "left"), [(10, range(9)), (3, range(2)), (3, range(1))])
def test_what_is_left_out_at_regular_distances_is_missed(every: int, left: range) -> None:
    """The times of the pictures leave out what their numbers do."""
    extradata, packets = encode("bframes=0")
    kept = [at for at in range(PICTURES) if at % every in left]
    told = missed([packets[at] for at in kept], extradata, fps=10.0)
    lost = [at for at in range(1, len(kept)) if kept[at] - kept[at - 1] > 1]
    unmended = [at for at in lost if not packets[kept[at]].keyframe]
    assert set(told) <= set(lost)
    assert told[-3:] == unmended[-3:]


def test_parameter_sets_may_come_with_the_pictures() -> None:
    """As over RTSP: nothing is known before the first keyframe has come."""
    extradata, packets = encode("bframes=0")
    framing = framing_of("h264", extradata)
    sent = [
        packet._replace(
            payload=framing.annex_b(packet.payload, framing.sets if packet.keyframe else ())
        )
        for packet in packets
    ]
    assert missed([*sent[:50], *sent[51:]], None) == [50]


def test_another_codec_is_left_to_libav() -> None:
    extradata, packets = encode(codec="libx265")
    assert missed(packets[:40] + packets[42:], extradata, "hevc") == []


class Written:
    """A unit, bit by bit."""

    def __init__(self) -> None:
        self._bits = ""

    def put(self, bits: int, value: int) -> "Written":
        self._bits += f"{value:0{bits}b}"
        return self

    def ue(self, *values: int) -> "Written":
        for value in values:
            code = f"{value + 1:b}"
            self._bits += "0" * (len(code) - 1) + code
        return self

    def unit(self, head: int) -> bytes:
        padded = self._bits + "1" + "0" * (-(len(self._bits) + 1) % 8)
        body = int(padded, 2).to_bytes(len(padded) // 8, "big")
        # Emulation prevention, ITU-T H.264 §7.4.1.
        out = bytearray()
        for byte in body:
            if len(out) >= 2 and out[-1] == out[-2] == 0 and byte <= 3:
                out.append(3)
            out.append(byte)
        return b"\0\0\0\1" + bytes((head,)) + bytes(out)


def sequence(*, profile: int, number_bits: int, gaps_allowed: bool, order: int = 0) -> bytes:
    written = Written().put(8, profile).put(16, 40).ue(0)
    if profile == 244:
        written.ue(3).put(1, 1).ue(0, 0).put(1, 0).put(1, 1)
        for matrix in range(12):
            present = matrix in {0, 7}
            written.put(1, present)
            if present:  # the second list ends with its first scale
                written.ue(*([_code_of(1)] * 16 if matrix == 0 else [_code_of(-8)]))
    written.ue(number_bits - 4, order)
    if order == 0:
        written.ue(2)
    elif order == 1:
        written.put(1, 0).ue(_code_of(-3), _code_of(2), 2, _code_of(1), _code_of(-1))
    return written.ue(1).put(1, gaps_allowed).ue(5, 5).put(3, 7).unit(0x67)


def _code_of(signed: int) -> int:
    return 2 * signed - 1 if signed > 0 else -2 * signed


def picture(number: int, number_bits: int, *, idr: bool, planes_apart: bool = False) -> Packet:
    written = Written().ue(0, 7 if idr else 5, 0)
    if planes_apart:
        written.put(2, 0)
    written.put(number_bits, number % (1 << number_bits)).put(16, 0xABCD)
    return Packet(written.unit(0x65 if idr else 0x41), number, 0.1 * number, idr)


@pytest.mark.parametrize("profile", [66, 244])
@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("number_bits", [4, 9, 16])
@pytest.mark.parametrize("gaps_allowed", [False, True])
def test_every_form_of_a_parameter_set_is_read(
    profile: int, order: int, number_bits: int, gaps_allowed: bool
) -> None:
    """Who may leave numbers out, as a camera that thins its pictures out, is missing nothing."""
    written = sequence(
        profile=profile, number_bits=number_bits, gaps_allowed=gaps_allowed, order=order
    )
    apart = profile == 244
    packets = [
        picture(number, number_bits, idr=number == 0, planes_apart=apart) for number in range(40)
    ]
    packets[0] = packets[0]._replace(payload=written + packets[0].payload)
    del packets[30]
    assert missed(packets, None) == ([] if gaps_allowed else [30])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=80), st.booleans()), max_size=30), st.randoms())
def test_no_rubbish_breaks_it(rubbish: list[tuple[bytes, bool]], rng: random.Random) -> None:
    """Whatever a camera sends, something is said of the next good group of pictures."""
    numbering = Numbering("h264", rubbish[0][0] if rubbish else None)
    for body, keyframe in rubbish:
        start = b"\0\0\0\1" + bytes((rng.choice([0x67, 0x65, 0x41, 0x06, 0x68]),))
        numbering.misses(Packet(start + body, 0, 0.0, keyframe))
    written = sequence(profile=66, number_bits=6, gaps_allowed=False)
    group = [picture(number, 6, idr=number == 0) for number in range(60)]
    group[0] = group[0]._replace(payload=written + group[0].payload)
    told = [numbering.misses(packet) for packet in group[:30] + group[31:]]
    assert told[30]
    assert not any(told[:30] + told[31:])
