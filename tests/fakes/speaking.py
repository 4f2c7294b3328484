"""Speaks into a loudspeaker sink as the player does, and waits for it."""

import time

import numpy as np

from drivers.loudspeaker import LoudspeakerSink, Unreachable


def speechlike(samples: int, *, smooth: int = 4) -> np.ndarray:
    """Noise that comes and goes like syllables: its correlation has one sharp peak."""
    noise = np.random.default_rng(7).standard_normal(samples)
    dull = np.convolve(noise, np.ones(smooth) / np.sqrt(smooth), mode="same")
    loudness = 0.3 + np.abs(np.sin(np.arange(samples) / 1200))
    return (dull * loudness * 4000).clip(-32000, 32000).astype(np.int16)


def open_up(sink: LoudspeakerSink, *, within_s: float = 10.0) -> None:
    """Prepare and wait; what went wrong is raised."""
    sink.prepare()
    wait_until_ready(sink, within_s=within_s)


def open_up_for_a_program(sink: LoudspeakerSink, *, within_s: float = 25.0) -> None:
    """Prepare until a program that has just been started, on a busy machine, is there."""
    deadline_s = time.monotonic() + within_s
    while True:
        sink.prepare()
        try:
            return wait_until_ready(sink, within_s=within_s)
        except Unreachable:
            if time.monotonic() > deadline_s:
                raise


def wait_until_ready(sink: LoudspeakerSink, *, within_s: float) -> None:
    """Wait; what went wrong is raised."""
    deadline_s = time.monotonic() + within_s
    while not sink.is_ready:
        assert time.monotonic() < deadline_s, "the loudspeaker never got ready"
        time.sleep(0.01)


def speak(sink: LoudspeakerSink, samples: np.ndarray, *, frame_s: float = 0.005) -> None:
    """Send whole frames, faster than they sound."""
    sink.begin()
    for frame in samples.reshape(-1, sink.frame_samples):
        sink.send(frame)
        time.sleep(frame_s)


def wait_until_closed(sink: LoudspeakerSink, *, within_s: float = 10.0) -> None:
    """Wait until the line has been hung up."""
    deadline_s = time.monotonic() + within_s
    while sink.is_ready:
        assert time.monotonic() < deadline_s, "nobody hung up"
        time.sleep(0.02)
