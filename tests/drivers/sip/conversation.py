"""What the tests of the SIP driver say to a sink: wait until it is ready, speak, hear a recording."""

import time
from pathlib import Path

import numpy as np

from drivers.sip import SipSink

FRAME = np.zeros(160, dtype=np.int16)


def pick_up(sink: SipSink, *, timeout_s: float = 12.0) -> None:
    """Dial and wait; whatever the sink raises comes through."""
    sink.prepare()
    deadline_s = time.monotonic() + timeout_s
    while not sink.is_ready:
        assert time.monotonic() < deadline_s, "neither picked up nor failed"
        time.sleep(0.005)


def speak(sink: SipSink, samples: np.ndarray) -> None:
    """Send frames at the pace of speech."""
    sink.begin()
    due_s = time.monotonic()
    for frame in samples.reshape(-1, 160):
        sink.send(frame)
        due_s += 0.02
        time.sleep(max(0.0, due_s - time.monotonic()))


def wait_for(condition, *, timeout_s: float = 8.0) -> None:
    """Wait until something has become true."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "it never came true"
        time.sleep(0.01)


def log_of(folder: Path) -> str:
    return (folder / "log").read_text(errors="replace")
