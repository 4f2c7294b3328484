"""Pictures predicted from what is broken or missing are not looked at; that has an end."""

import random
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.vision.analysis import Analysis
from edge_agent.vision.child import quiet_libraries
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.lookback import Stock
from edge_agent.vision.stream.lost import KEYFRAME_WAIT_S, SourceLost
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.source import open_source
from edge_agent.vision.stream.wholeness import TORN_S, Wholeness
from tests.edge_agent.vision.stage import deposit
from tests.edge_agent.vision.test_bad_streams import analyse, encode, remux
from tests.edge_agent.vision.vision_process import watch


def test_what_follows_a_broken_picture_is_torn_for_some_seconds_or_until_a_keyframe() -> None:
    wholeness = Wholeness()
    assert not wholeness.is_torn(0.0)
    wholeness.tear(10.0)
    assert wholeness.is_torn(10.0 + TORN_S - 0.1)
    assert not wholeness.is_torn(10.0 + TORN_S)
    wholeness.mend(12.0)
    assert wholeness.is_torn(11.9)
    assert not wholeness.is_torn(12.0)


def test_what_follows_a_missing_picture_is_torn_until_a_keyframe() -> None:
    wholeness = Wholeness()
    wholeness.lack()
    wholeness.tear(10.0)
    assert wholeness.is_torn(1e6)
    wholeness.mend(20.0)
    assert not wholeness.is_torn(20.0)


@given(st.lists(st.sampled_from(["whole", "broken", "missing", "keyframe"]), max_size=200))
def test_it_is_borne_for_as_long_as_a_keyframe_may_take_and_no_longer(kinds: list[str]) -> None:
    wholeness, seen_s = Wholeness(), 0.0
    for number, kind in enumerate(kinds):
        t_s = float(number)
        if kind == "broken":
            wholeness.tear(t_s)
        elif kind == "missing":
            wholeness.lack()
        elif kind == "keyframe":
            wholeness.mend(t_s)
        if not wholeness.is_torn(t_s):
            wholeness.see()
            seen_s = t_s + 1.0
        if t_s - seen_s <= KEYFRAME_WAIT_S:
            wholeness.go_on(t_s)
            continue
        with pytest.raises(SourceLost) as caught:
            wholeness.go_on(t_s)
        assert caught.value.reason == "undecodable"
        return


@pytest.mark.parametrize(
    ("keyframes", "why"),
    [
        (10, "no keyframe of the last 30 s could be decoded"),
        (40, "not one picture of the last 30 s came out whole"),
    ],
)
def test_a_camera_none_of_whose_pictures_is_whole_is_lost_with_this_reason(
    keyframes: int, why: str, tmp_path: Path
) -> None:
    """The decoder makes something of most; nobody should look at that, nor wait for ever."""
    quiet_libraries()
    rng = random.Random(5)

    def dent(number: int, packet: av.Packet) -> av.Packet:
        if number % 10 and number % 7:
            return packet
        body = bytearray(bytes(packet))
        for at in range(8, len(body)):
            if rng.random() < 0.01:
                body[at] ^= 1 << rng.randrange(8)
        dented = av.Packet(bytes(body))
        dented.pts, dented.dts, dented.time_base = packet.pts, packet.dts, packet.time_base
        dented.is_keyframe = packet.is_keyframe
        return dented

    options = f"keyint={keyframes}:min-keyint={keyframes}"
    whole = encode(tmp_path / "whole.mkv", deposit(), until_s=50, options=options)
    dented = remux(whole, tmp_path / "dented.mkv", dent)
    with open_source(str(dented), 0.0) as source:
        stock = Stock(form=source.form, ring=PacketRing(max_s=60, max_bytes=1_000_000))
        analysis = Analysis(watch("gate", dented), stock, room=EvidenceRoom())
        said, lost = analyse(source, analysis, lambda: 0.0)
    assert (lost.reason, lost.detail, said) == ("undecodable", why, [])
