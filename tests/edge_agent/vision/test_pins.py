"""What is pinned outlives the ring, on disk, within bounds."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.vision.evidence.pins import Hold, better
from edge_agent.vision.lookback import Stock
from edge_agent.vision.stream.codec import StreamFormat
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.ring import (
    HARD_FACTOR,
    MOST_GROUP_BYTES,
    PINNED_FACTOR,
    PacketRing,
)
from edge_agent.vision.stream.shelf import Shelf

MAX_S, MAX_BYTES = 10.0, 1_000
FORM = StreamFormat(codec="h264", extradata=None, width=64, height=64, time_base=1, nominal_fps=2.0)


def packet(number: int, size: int = 40, *, gop: int = 4) -> Packet:
    body = number.to_bytes(4, "big") * size
    return Packet(payload=body[:size], pts=number, t_s=0.5 * number, keyframe=number % gop == 0)


def fill(ring: PacketRing, first: int, end: int, **more: int) -> list[Packet]:
    packets = [packet(number, **more) for number in range(first, end)]
    for one in packets:
        ring.append(one)
    return packets


def new_ring(folder: Path | None, *, shelf_bytes: int = 1_000_000) -> PacketRing:
    shelf = Shelf(folder, max_bytes=shelf_bytes) if folder else None
    return PacketRing(max_s=MAX_S, max_bytes=MAX_BYTES, shelf=shelf)


def test_a_pinned_interval_goes_to_disk_and_is_read_back_whole(tmp_path: Path) -> None:
    """Not before the ring lets go of it; deleted when nobody wants it any longer."""
    ring = new_ring(tmp_path)
    packets = fill(ring, 0, 20)
    pin = ring.pin(5.0, 12.0)
    assert not list(tmp_path.iterdir())
    packets += fill(ring, 20, 200)
    assert ring.held_bytes <= MAX_BYTES
    # 5 s lie in the group that begins at 4 s; 12 s in the one that begins there.
    assert ring.cut(5.0, 12.0) == tuple(packets[8:28])
    assert ring.since_s(5.0) == 4.0
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) == 20 * 40
    ring.unpin(pin)
    ring.unpin(pin)
    assert not list(tmp_path.iterdir())
    assert ring.cut(5.0, 6.0)[0].t_s > 80.0


def test_two_who_want_the_same_share_one_copy(tmp_path: Path) -> None:
    """What the first no longer wants stays for the second."""
    ring = new_ring(tmp_path)
    packets = fill(ring, 0, 20)
    first, second = ring.pin(2.0, 9.0), ring.pin(6.0, 9.0)
    packets += fill(ring, 20, 100)
    assert len(list(tmp_path.iterdir())) == 4
    ring.unpin(first)
    assert ring.cut(0.0, 9.0) == tuple(packets[12:20])
    ring.unpin(second)
    assert not list(tmp_path.iterdir())


def test_a_group_longer_than_the_ring_goes_to_disk(tmp_path: Path) -> None:
    """Its memory is bounded; nothing of it is lost."""
    ring = new_ring(tmp_path)
    packets = fill(ring, 0, 300, gop=1_000)
    assert ring.held_bytes <= MAX_BYTES + 40
    assert ring.cut(0.0, 1.0) == tuple(packets)
    assert ring.dropped == 0
    fill(ring, 1_000, 1_001, gop=1_000)
    assert ring.previous_group() == tuple(packets)
    fill(ring, 1_001, 1_022, gop=1_000)
    assert not list(tmp_path.iterdir())


def test_a_stream_without_keyframes_has_an_end_on_disk_too(tmp_path: Path) -> None:
    """It is dropped and counted."""
    ring = PacketRing(max_s=MAX_S, max_bytes=4_000_000, shelf=Shelf(tmp_path))
    size = 1_000_000
    packets = fill(ring, 0, MOST_GROUP_BYTES // size + 2, size=size, gop=1_000)
    assert ring.cut(0.0, 1e9) == ()
    assert ring.dropped == len(packets)
    assert not list(tmp_path.iterdir())


def test_the_oldest_pin_gives_way_when_the_shelf_is_full(tmp_path: Path) -> None:
    """Counted, and what is left can still be decoded."""
    shelf = Shelf(tmp_path, max_bytes=800)
    rings = [PacketRing(max_s=MAX_S, max_bytes=MAX_BYTES, shelf=shelf) for _ in range(2)]
    pins = [ring.pin(0.0, 9.0) for ring in rings]
    for ring in rings:
        packets = fill(ring, 0, 60)
    assert shelf.held_bytes <= 800
    assert shelf.given_up == 5
    assert rings[0].cut(0.0, 9.0) == ()
    assert rings[1].cut(0.0, 9.0) == tuple(packets[:20])
    for ring, pin in zip(rings, pins, strict=True):
        ring.unpin(pin)
    assert shelf.held_bytes == 0


def test_a_full_disk_costs_the_oldest_pins_not_the_child(tmp_path: Path) -> None:
    """Memory takes what it can, and the rest is counted."""
    folder = tmp_path / "pins"
    ring = new_ring(folder)
    folder.rmdir()
    folder.write_bytes(b"in the way")
    ring.pin(0.0, 1_000.0)
    packets = fill(ring, 0, 400)
    assert ring.held_bytes <= (1 + PINNED_FACTOR) * MAX_BYTES + 200
    assert ring.dropped > 0
    held = ring.cut(0.0, 1e9)
    assert held == tuple(packets[-len(held) :])
    assert ring.dropped + len(held) == len(packets)
    assert ring.held_bytes > MAX_BYTES


def test_strays_of_a_child_that_is_gone_are_deleted(tmp_path: Path) -> None:
    """Nothing else is."""
    (tmp_path / "00000003.packets").write_bytes(b"old")
    (tmp_path / "readme").write_bytes(b"kept")
    Shelf(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["readme"]


STEPS = st.lists(
    st.tuples(st.integers(1, 400), st.booleans(), st.sampled_from(["", "pin", "unpin"])),
    max_size=100,
)


@given(steps=STEPS)
def test_whatever_is_pinned_is_there_and_begins_with_a_keyframe(steps, tmp_path_factory) -> None:
    """Packets of any size, groups of any length, pins at any time."""
    folder = tmp_path_factory.mktemp("pins")
    ring = PacketRing(max_s=5.0, max_bytes=600, shelf=Shelf(folder))
    every: list[Packet] = []
    pins = []
    for number, (size, keyframe, does) in enumerate(steps):
        one = Packet(payload=bytes(size), pts=number, t_s=0.5 * number, keyframe=keyframe)
        ring.append(one)
        if every or keyframe:
            every.append(one)
        if does == "pin":
            held = ring.cut(-1e9, 1e9)
            pins.append((ring.pin(one.t_s - 2.0, one.t_s + 4.0), held))
        elif does == "unpin" and pins:
            ring.unpin(pins.pop()[0])
        assert ring.held_bytes <= HARD_FACTOR * 600
        for pin, held in pins:
            wanted = [
                p
                for p in (*held, *(q for q in every if q.pts > (held[-1].pts if held else -1)))
                if pin.begin_s <= p.t_s <= pin.end_s
            ]
            cut = ring.cut(pin.begin_s, pin.end_s)
            assert {p.pts for p in wanted} <= {p.pts for p in cut}
            assert not cut or cut[0].keyframe
            assert [p.pts for p in cut] == sorted(p.pts for p in cut)
    for pin, _ in pins:
        ring.unpin(pin)


@given(steps=STEPS, at_s=st.floats(0, 50))
def test_as_far_as_it_reaches_back_nothing_is_missing(steps, at_s, tmp_path_factory) -> None:
    """Holes between what is pinned, and what had to give way, are no way back."""
    shelf = Shelf(tmp_path_factory.mktemp("pins"), max_bytes=1_500)
    ring = PacketRing(max_s=5.0, max_bytes=600, shelf=shelf)
    every: list[Packet] = []
    pins = []
    for number, (size, keyframe, does) in enumerate(steps):
        every.append(Packet(payload=bytes(size), pts=number, t_s=0.5 * number, keyframe=keyframe))
        ring.append(every[-1])
        if does == "pin":
            pins.append(ring.pin(every[-1].t_s - 2.0, every[-1].t_s + 4.0))
        elif does == "unpin" and pins:
            ring.unpin(pins.pop())
    since_s, shown = ring.since_s(at_s), ring.cut(at_s, at_s)
    if since_s <= at_s:
        way = ring.cut(since_s, at_s)
        assert way[0].t_s == since_s
        inside = [p for p in every if since_s <= p.t_s <= at_s]
        assert list(way[: len(inside)]) == inside
    else:
        assert not shown or shown[0].t_s == since_s


def test_large_pictures_of_then_are_better_than_small_ones_but_not_than_none(
    tmp_path: Path,
) -> None:
    """The main stream serves where it reaches back as far, and still runs."""
    own, main = (
        Stock(form=FORM, ring=PacketRing(max_s=MAX_S, max_bytes=MAX_BYTES)) for _ in range(2)
    )
    fill(own.ring, 0, 20)
    assert better(own, None, 3.0, 9.0) is own
    assert better(own, main, 3.0, 9.0) is own
    fill(main.ring, 8, 20)
    assert better(own, main, 5.0, 9.0) is main
    assert better(own, main, 3.0, 9.0) is own
    fill(own.ring, 20, 40)
    assert better(own, main, 12.0, 19.0) is own
    assert better(own, main, 6.0, 9.0) is main


def test_what_is_kept_from_long_ago_is_no_way_back_across_a_hole(tmp_path: Path) -> None:
    """Another candidate's groups do not show what this one needs."""
    own = Stock(form=FORM, ring=PacketRing(max_s=60.0, max_bytes=10_000))
    main = Stock(form=FORM, ring=new_ring(tmp_path))
    Hold(own, main, begin_s=0.0, end_s=5.0)
    for stock in (own, main):
        fill(stock.ring, 0, 240)
    hold = Hold(own, main, begin_s=85.0, end_s=130.0)
    for stock in (own, main):
        fill(stock.ring, 240, 280)
    again_s = main.ring.since_s(130.0)
    assert 100.0 < again_s < 120.0
    assert hold.best(90.0, 90.0) is own
    assert own.ring.cut(90.0, 90.0)[0].t_s == 90.0
    assert hold.best(again_s - 3.0, again_s + 8.0) is own
    assert hold.best(3.0, again_s + 8.0) is own
    assert hold.best(again_s, again_s + 8.0) is main
    assert main.ring.cut(3.0, 3.0)[0].t_s == 2.0
    assert main.ring.cut(90.0, 90.0)[0].t_s == again_s


def test_what_had_to_give_way_is_no_way_back(tmp_path: Path) -> None:
    """The other stream still shows it."""
    shelf = Shelf(tmp_path, max_bytes=400)
    own = Stock(form=FORM, ring=PacketRing(max_s=60.0, max_bytes=10_000))
    main = Stock(form=FORM, ring=PacketRing(max_s=MAX_S, max_bytes=MAX_BYTES, shelf=shelf))
    hold = Hold(own, main, begin_s=2.0, end_s=60.0)
    for stock in (own, main):
        fill(stock.ring, 0, 100)
    assert shelf.given_up > 0
    again_s = main.ring.since_s(48.0)
    assert 20.0 < again_s < 40.0
    for begin_s, end_s in ((2.0, 2.0), (10.0, 48.0), (again_s - 1.0, again_s - 1.0)):
        assert hold.best(begin_s, end_s) is own
    assert hold.best(again_s, 48.0) is main
    assert main.ring.cut(2.0, 2.0) == ()
    assert main.ring.cut(again_s, 48.0)[0].t_s == again_s


def test_a_hold_keeps_both_streams_until_it_is_released(tmp_path: Path) -> None:
    """The stream that has come back since then is another one."""
    shelf = Shelf(tmp_path)
    own, main = (
        Stock(form=FORM, ring=PacketRing(max_s=MAX_S, max_bytes=MAX_BYTES, shelf=shelf))
        for _ in range(2)
    )
    hold = Hold(own, main, begin_s=2.0, end_s=8.0)
    for stock in (own, main):
        fill(stock.ring, 0, 100)
    assert hold.best(2.0, 8.0) is main
    assert main.ring.cut(2.0, 8.0)[0].t_s == 2.0
    assert own.ring.cut(2.0, 8.0)[0].t_s == 2.0
    hold.release()
    hold.release()
    assert shelf.held_bytes == 0
