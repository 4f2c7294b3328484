"""The packet-size gate: believed on streams where it proves itself, and only there."""

import numpy as np
import pytest

from edge_agent.vision.stream.gate import SizeGate

GOP = 30
KEYFRAME_BYTES = 8_000


class Stream:
    """A stream of packets with a mean size at rest and another while something moves."""

    def __init__(
        self, rest: float, moving: float, *, spread: float = 0.1, swell: float = 0.0
    ) -> None:
        self.gate = SizeGate()
        self.woken = 0
        self._rng = np.random.default_rng(3)
        self._means = {False: rest, True: moving}
        self._spread = spread
        self._swell = swell

    def send(self, packets: int, *, moving: bool, seen: bool = True) -> None:
        """Send packets; a picture is looked at after every third."""
        for number in range(packets):
            size = self._means[moving] * self._rng.lognormal(0, self._spread)
            if number % GOP:
                self.gate.note([round(size * (1 + self._swell * (number % GOP < 6)))])
            else:
                self.gate.begin_group(KEYFRAME_BYTES)
            self.woken += self.gate.wakes
            if seen and number % 3 == 2:
                self.gate.learn(moving=moving)

    def live(self, motions: int) -> None:
        """Alternate between rest and motion."""
        for _ in range(motions):
            self.send(300, moving=False)
            self.send(60, moving=True)
        self.send(60, moving=False)


def test_where_motion_swells_the_packets_it_wakes_within_a_few_of_them() -> None:
    stream = Stream(500, 2500)
    stream.live(6)
    assert stream.gate.separation == pytest.approx(1.0, abs=0.05)
    stream.woken = 0
    stream.send(300, moving=False, seen=False)
    assert stream.woken == 0
    stream.send(6, moving=True, seen=False)
    assert stream.woken > 0


def test_a_constant_bit_rate_is_never_believed() -> None:
    """However large single packets are."""
    stream = Stream(2000, 2000, spread=0.6)
    stream.live(30)
    assert stream.gate.separation is not None
    assert 0.4 < stream.gate.separation < 0.6
    stream.send(3000, moving=True, seen=False)
    assert stream.woken == 0


def test_one_motion_proves_nothing() -> None:
    """It may have been the light."""
    stream = Stream(500, 5000)
    stream.live(1)
    assert stream.gate.separation is None
    stream.send(30, moving=True, seen=False)
    assert stream.woken == 0


def test_a_gate_that_stops_telling_is_no_longer_believed() -> None:
    """As when night comes and noise swells every packet."""
    stream = Stream(500, 2500)
    stream.live(6)
    assert stream.gate.trusted
    noisy = Stream(2500, 2500)
    noisy.gate = stream.gate
    noisy.live(6)
    assert not stream.gate.trusted


def test_what_is_uncertain_is_not_learned() -> None:
    """A group in which something began to move is neither rest nor motion."""
    stream = Stream(500, 2500)
    stream.live(6)
    before = stream.gate.separation
    for _ in range(40):
        stream.send(30, moving=True, seen=False)
        stream.gate.forget()
        stream.send(30, moving=False)
    assert stream.gate.separation == pytest.approx(before, abs=0.02)


def test_the_large_packets_after_a_keyframe_hide_no_motion() -> None:
    """They are compared with others after a keyframe, not with the small ones later on."""
    stream = Stream(500, 650, spread=0.05, swell=3.0)
    stream.live(6)
    assert stream.gate.separation == pytest.approx(1.0, abs=0.03)
    stream.woken = 0
    stream.send(300, moving=False, seen=False)
    assert stream.woken == 0
    stream.send(GOP, moving=True, seen=False)
    assert stream.woken > 0


def test_packets_vouch_for_rest_until_one_sample_is_larger() -> None:
    stream = Stream(500, 2500, spread=0.01)
    stream.live(6)
    stream.send(2 * GOP, moving=False, seen=False)
    assert stream.gate.assures
    stream.gate.note([900])
    assert not stream.gate.assures
    stream.gate.learn(moving=False)
    assert stream.gate.assures


def test_where_some_motion_is_as_small_as_rest_nothing_is_vouched_for() -> None:
    """Though it may wake: that it tells some motion does not say that it tells all."""
    stream = Stream(500, 2500)
    for _ in range(6):
        stream.send(300, moving=False)
        stream.send(35, moving=True)
        stream._means[True] = 500
        stream.send(25, moving=True)
        stream._means[True] = 2500
    stream.gate.separation = 1.0
    stream.send(2 * GOP, moving=False, seen=False)
    assert stream.gate.trusted
    assert not stream.gate.assures


def test_who_is_contradicted_must_prove_itself_anew() -> None:
    stream = Stream(500, 2500)
    stream.live(6)
    stream.gate.contradict()
    assert not stream.gate.trusted
    stream.live(2)
    assert not stream.gate.trusted
    stream.live(2)
    assert stream.gate.trusted


def test_packets_are_taken_together_up_to_the_one_that_wakes() -> None:
    """One by one they would have woken at the same."""
    together, alone = Stream(500, 2500), Stream(500, 2500)
    for stream in (together, alone):
        stream.live(6)
        stream.gate.begin_group(KEYFRAME_BYTES)
    sizes = [500] * 10 + [2500] * 8
    woken_at = None
    for number, size in enumerate(sizes):
        alone.gate.note([size])
        if alone.gate.wakes:
            woken_at = number
            break
    assert woken_at is not None
    assert together.gate.note_calm(sizes) == woken_at
    assert not together.gate.wakes
    together.gate.note(sizes[woken_at : woken_at + 1])
    assert together.gate.wakes
