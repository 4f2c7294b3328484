"""Evidence clips: the camera's own packets as an MP4 that plays, whatever the camera sends."""

import hashlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.vision.evidence import footage
from edge_agent.vision.evidence.clip import make_clip
from edge_agent.vision.evidence.footage import ClipImpossible, Request
from edge_agent.vision.stream.nal import framing_of
from edge_agent.vision.stream.packet import Packet
from tests.edge_agent.vision.footage_maker import decode, encode, over_rtsp, shade, shifted

ASKED = Request(begin_s=1.4, end_s=3.5, around_s=2.5)
CORNER = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5))


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("carriage", ["mp4", "described", "in_band"])
def test_a_clip_is_the_cameras_own_packets_from_the_keyframe_before(
    codec: str, carriage: str, tmp_path: Path
) -> None:
    """Parameter sets may come from the container, the session's description or the stream."""
    form, packets = encode(codec)
    if carriage != "mp4":
        form, packets = over_rtsp(form, packets, in_band=carriage == "in_band")
    clip = make_clip(tmp_path, form, packets, ASKED, ())
    file = tmp_path / f"{clip.sha256}.mp4"
    body = file.read_bytes()
    assert hashlib.sha256(body).hexdigest() == clip.sha256
    assert (clip.size_bytes, clip.encoded_again, clip.codec) == (len(body), False, codec)
    assert body.index(b"moov") < body.index(b"mdat")
    assert (b"hvc1" if codec == "hevc" else b"avc1") in body
    shown = decode(file)
    assert clip.begins_at_s == pytest.approx(1.0)
    assert clip.duration_s == pytest.approx(0.1 * len(shown), abs=0.02)
    assert (clip.width_px, clip.height_px) == (160, 96)
    # Up to the reordering of B-frames nothing is missing, before the end or behind it.
    assert 26 <= len(shown) <= 29
    assert shown[0][0] == pytest.approx(0.0, abs=0.001)
    for number, (t_s, luma) in enumerate(shown[:26]):
        assert t_s == pytest.approx(0.1 * number, abs=0.002)
        assert luma.mean() == pytest.approx(shade(10 + number), abs=2.5)
    assert [p.suffix for p in tmp_path.iterdir()] == [".mp4"]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_masks_are_burnt_into_every_picture_of_a_clip(codec: str, tmp_path: Path) -> None:
    """It is encoded again as H.264, with the same pictures at the same times."""
    form, packets = encode(codec)
    clip = make_clip(tmp_path, form, packets, ASKED, (CORNER,))
    assert (clip.codec, clip.encoded_again) == ("h264", True)
    shown = decode(tmp_path / f"{clip.sha256}.mp4")
    assert 26 <= len(shown) <= 29
    for number, (t_s, luma) in enumerate(shown):
        assert luma[:46, :78].max() < 24
        assert t_s == pytest.approx(0.1 * number, abs=0.002)
        assert luma[60:, 90:].mean() == pytest.approx(shade(10 + number), abs=4)


def test_another_codec_is_encoded_again_for_browsers(tmp_path: Path) -> None:
    """Motion JPEG plays nowhere as an MP4."""
    form, packets = _motion_jpeg()
    clip = make_clip(tmp_path, form, packets, ASKED, ())
    assert (clip.codec, clip.encoded_again) == ("h264", True)
    assert len(decode(tmp_path / f"{clip.sha256}.mp4")) == 22


def _motion_jpeg(*, pictures: int = 40, size: tuple[int, int] = (160, 96)):
    form, _ = encode(pictures=1)
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = *size, "yuvj420p"
    encoder.time_base = Fraction(1, 10)
    packets = []
    for number in range(pictures):
        pixels = np.full((size[1] * 3 // 2, size[0]), shade(number), np.uint8)
        frame = av.VideoFrame.from_ndarray(pixels, format="yuvj420p")
        frame.pts, frame.time_base = number, Fraction(1, 10)
        packets += [
            Packet(payload=bytes(unit), pts=number, t_s=number / 10, keyframe=True)
            for unit in encoder.encode(frame)
        ]
    return replace(form, codec="mjpeg", extradata=None, time_base=Fraction(1, 10)), packets


@pytest.mark.parametrize(("around_s", "size"), [(2.0, (160, 96)), (8.0, (192, 96))])
def test_a_clip_ends_where_the_stream_changes(around_s, size, tmp_path: Path) -> None:
    """One MP4 has one set of parameters: what is kept holds the instant it is about.

    The session's description still says what was at its beginning.
    """
    form, first = encode()
    other, second = encode(size=(192, 96))
    described, _ = over_rtsp(form, (), in_band=False)
    _, first = over_rtsp(form, first, in_band=True)
    _, second = over_rtsp(other, second, in_band=True)
    second = shifted(second, 6.0, base=form.time_base)
    asked = Request(begin_s=1.0, end_s=11.0, around_s=around_s)
    clip = make_clip(tmp_path, described, [*first, *second], asked, ())
    assert (clip.width_px, clip.height_px) == size
    shown = decode(tmp_path / f"{clip.sha256}.mp4")
    assert 48 <= len(shown) <= 60
    assert {luma.shape[1] for _, luma in shown} == {size[0]}


@pytest.mark.parametrize(
    ("around_s", "size", "begins_s"), [(2.0, (160, 96), 1.0), (8.0, (192, 96), 6.0)]
)
def test_a_clip_that_is_encoded_again_ends_where_its_size_changes(
    around_s, size, begins_s, tmp_path: Path
) -> None:
    """It too holds the instant it is about, and says what it really shows."""
    form, first = _motion_jpeg(pictures=60)
    _, second = _motion_jpeg(pictures=60, size=(192, 96))
    both = [*first, *shifted(second, 6.0, base=form.time_base)]
    asked = Request(begin_s=1.0, end_s=11.0, around_s=around_s)
    clip = make_clip(tmp_path, form, both, asked, ())
    assert (clip.width_px, clip.height_px) == size
    assert clip.begins_at_s == pytest.approx(begins_s)
    shown = decode(tmp_path / f"{clip.sha256}.mp4")
    assert 50 <= len(shown) <= 51
    assert clip.duration_s == pytest.approx(0.1 * len(shown), abs=0.02)
    assert shown[0][0] == pytest.approx(0.0, abs=0.001)
    assert {luma.shape[1] for _, luma in shown} == {size[0]}


def test_a_stream_that_was_away_goes_on_as_another_clip() -> None:
    """No clip holds still for minutes."""
    form, packets = encode(bframes=0)
    late = shifted(packets, 60.0, base=form.time_base)
    # The connection broke within a group: what follows it cannot be decoded before a keyframe.
    joined = [*packets[:25], *late[25:]]
    framing = framing_of(form.codec, form.extradata)
    asked = Request(begin_s=1.0, end_s=70.0, around_s=2.0)
    assert [p.t_s for p in footage.choose(joined, asked, framing)] == pytest.approx(
        [p.t_s for p in packets[10:25]]
    )
    asked = replace(asked, around_s=64.0)
    assert footage.choose(joined, asked, framing)[0].t_s == pytest.approx(63.0)


def test_pictures_that_refer_to_what_is_left_out_are_left_out() -> None:
    """Those shown before the first keyframe but sent after it, as in an open group."""
    order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]
    packets = [Packet(payload=b"x", pts=n, t_s=float(n), keyframe=n % 6 == 0) for n in order]
    asked = Request(begin_s=7.0, end_s=9.0, around_s=7.0)
    assert [p.pts for p in footage.choose(packets, asked, None)] == [6, 9, 7, 8]


def test_a_clip_is_bounded_around_what_it_is_about() -> None:
    """At most 90 s and 60 MB: whole groups go, those behind it first."""
    packets = [
        Packet(payload=bytes(1_000_000), pts=n, t_s=float(n), keyframe=n % 10 == 0)
        for n in range(200)
    ]
    asked = Request(begin_s=15.0, end_s=195.0, around_s=32.0)
    large = footage.choose(packets, asked, None)
    assert (large[0].t_s, large[-1].t_s) == (10.0, 69.0)
    small = [p._replace(payload=b"x") for p in packets]
    assert footage.choose(small, asked, None)[-1].t_s == 100.0


def test_a_clip_shows_its_instant_or_there_is_none() -> None:
    """With keyframes two minutes apart, a clip from the one before may end too early."""
    packets = [Packet(b"x", pts=n, t_s=float(n), keyframe=n % 120 == 0) for n in range(300)]

    def shown(around_s: float, *, size: int = 1) -> tuple[float, float]:
        asked = Request(begin_s=around_s - 10.0, end_s=around_s + 40.0, around_s=around_s)
        sized = [p._replace(payload=bytes(size)) for p in packets]
        chosen = footage.choose(sized, asked, None)
        return chosen[0].t_s, chosen[-1].t_s

    assert shown(90.5) == (0.0, 90.0)
    assert shown(125.0) == (120.0, 165.0)
    assert shown(58.0, size=1_000_000) == (0.0, 59.0)
    for around_s, size in ((91.5, 1), (119.0, 1), (61.0, 1_000_000)):
        with pytest.raises(ClipImpossible, match="shorten the camera's keyframe interval"):
            shown(around_s, size=size)


def test_what_holds_no_picture_is_said_to_be_impossible(tmp_path: Path) -> None:
    """Bytes that are no video leave no file behind."""
    form, packets = encode(pictures=10)
    broken = [p._replace(payload=bytes(len(p.payload))) for p in packets]
    for masks in ((), (CORNER,)):
        with pytest.raises(ClipImpossible):
            make_clip(tmp_path, replace(form, extradata=None), broken, ASKED, masks)
    with pytest.raises(ClipImpossible):
        make_clip(tmp_path, form, (), ASKED, ())
    assert not list(tmp_path.iterdir())


BASE = Fraction(1, 1000)
TIMES = st.lists(st.tuples(st.integers(-5_000, 90_000), st.floats(-3, 90)), min_size=1, max_size=40)


@given(TIMES)
def test_whatever_times_a_camera_gives_a_player_gets_times_that_rise(times) -> None:
    """Repeated, jumping and returning times included."""
    packets = [Packet(payload=b"x", pts=pts, t_s=t_s, keyframe=True) for pts, t_s in times]
    shown = footage.shown_ticks(packets, BASE)
    decoded = footage.decoded_ticks(shown)
    assert len(set(shown)) == len(shown)
    assert min(shown) >= 0
    assert decoded == sorted(set(decoded))
    assert all(early <= late for early, late in zip(decoded, shown, strict=True))


@given(st.sampled_from(["h264", "hevc"]), st.binary(max_size=80), st.binary(max_size=80))
def test_units_are_read_from_any_bytes(codec: str, extradata: bytes, payload: bytes) -> None:
    """Cut short, empty or nonsense: what is no unit is left out."""
    for prefix in (b"", b"\x01", b"\x00\x00\x01"):
        framing = framing_of(codec, prefix + extradata)
        units = list(framing.units(payload))
        assert all(unit and unit in payload for unit in units)
        assert set(framing.sets_in(payload)) <= set(units)
        framing.annex_b(payload, framing.sets)


@given(st.lists(st.binary(min_size=1, max_size=9).map(lambda b: b"\x65" + b"\x07" * len(b))))
def test_units_survive_both_framings(units) -> None:
    """Start codes and lengths say the same."""
    lengths = b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
    framed = framing_of("h264", b"\x01\x64\x00\x0c\xff\xe0\x00")
    assert list(framed.units(lengths)) == units
    plain = framing_of("h264", None)
    assert list(plain.units(framed.annex_b(lengths))) == units
