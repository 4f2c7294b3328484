"""The sink of a line out: a thread of its own feeds the sound card, so that `send` never waits."""

import collections
import threading
import time
from dataclasses import dataclass

import numpy as np

from drivers.alsa.libasound import LineOut, card_of, name_of_card
from drivers.loudspeaker import (
    FRAME_S,
    DeviceBusy,
    LoudspeakerError,
    LoudspeakerStatus,
    Samples,
    SendFailed,
    Unreachable,
)

_BUFFER_S = 0.16
_AHEAD_S = 0.06
"""Silence before the first frame: a frame may be late by so much, and sound waits so long. The rest
of the buffer takes up the difference of two clocks: 100 ppm fill it in a quarter of an hour."""
_MOST_WAITING = 5
_STANDSTILL_S = 2.0
_RETRY_S = 0.01
_CLOSING_S = 0.7


@dataclass(frozen=True, kw_only=True)
class AlsaConfig:
    """A sound card of this machine with an amplifier or a transmitter behind it."""

    device: str = "default"
    """As `aplay -L` names it."""
    sample_rate_hz: int = 48_000
    """Samples per second, a multiple of 50."""


class AlsaSink:
    """One line out. Use from one thread at a time."""

    def __init__(self, config: AlsaConfig) -> None:
        """The card is opened by `prepare` or the first frame; `close` the sink."""
        self._config = config
        # Guards what follows; never held while the card is asked for anything.
        self._changed = threading.Condition()
        self._frames: collections.deque[Samples] = collections.deque()
        self._failure: LoudspeakerError | None = None
        self._is_wanted = False
        self._is_open = False
        self._is_closing = False
        self._is_dry = True
        self._thread: threading.Thread | None = None

    @property
    def sample_rate_hz(self) -> int:
        """As configured."""
        return self._config.sample_rate_hz

    @property
    def frame_samples(self) -> int:
        """Samples in one frame of 20 ms."""
        return round(self._config.sample_rate_hz * FRAME_S)

    def prepare(self) -> None:
        """Open the sound card; after a failure, once more."""
        with self._changed:
            self._failure, self._is_wanted = None, True
            if self._thread is None and not self._is_closing:
                # A daemon: a card that hangs must not hold up the end of the program.
                self._thread = threading.Thread(target=self._run, name="alsa", daemon=True)
                self._thread.start()
            self._changed.notify()

    @property
    def is_ready(self) -> bool:
        """Whether the card is open.

        Raises:
            LoudspeakerError: It could not be opened, or is gone; `prepare` may be called again.
        """
        with self._changed:
            self._raise_failure()
            return self._is_open

    def begin(self, *, silent_s: float = 0.0) -> None:
        """After a pause that emptied the card's buffer, begin anew with the silence ahead."""
        with self._changed:
            self._is_dry = self._is_dry or silent_s >= _BUFFER_S

    def send(self, frame: Samples) -> None:
        """Hand one frame, `(frame_samples,) int16`, to the card's thread.

        Raises:
            LoudspeakerError: The frame is lost: the card is not open, or does not keep up.
        """
        with self._changed:
            self._raise_failure()
            if not self._is_open:
                raise SendFailed(f"the sound card {self._config.device} is not open")
            if len(self._frames) >= _MOST_WAITING:
                raise SendFailed(f"the sound card {self._config.device} does not keep up")
            self._frames.append(frame)
            self._changed.notify()

    def finish(self) -> None:
        """Release the card when it has played what it was given."""
        with self._changed:
            self._is_wanted = False
            self._changed.notify()

    def close(self) -> None:
        """Fall silent and release the card; closing twice does no harm."""
        with self._changed:
            self._is_closing, self._is_wanted, self._is_open = True, False, False
            self._frames.clear()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(_CLOSING_S)

    # --- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        while self._wait_until_wanted():
            try:
                with LineOut(
                    self._config.device,
                    sample_rate_hz=self._config.sample_rate_hz,
                    buffer_s=_BUFFER_S,
                    start_s=_AHEAD_S + FRAME_S,
                ) as line:
                    self._play(line)
            except LoudspeakerError as error:
                with self._changed:
                    self._failure = error if self._is_wanted else None
                    self._is_wanted = False
            finally:
                with self._changed:
                    self._is_open = False
                    self._frames.clear()

    def _wait_until_wanted(self) -> bool:
        """False: the sink is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_wanted or self._is_closing)
            return not self._is_closing

    def _play(self, line: LineOut) -> None:
        with self._changed:
            self._is_open, self._is_dry = not self._is_closing, True
        while (frame := self._next_frame()) is not None:
            try:
                self._write(line, self._begin_anew(line, frame) if self._was_dry() else frame)
            except BrokenPipeError:
                # This machine was held up; the silence ahead keeps the next frame from the same.
                self._write(line, self._begin_anew(line, frame))
        self._play_out()

    def _begin_anew(self, line: LineOut, frame: Samples) -> Samples:
        line.restart()
        ahead = np.zeros(round(_AHEAD_S * self.sample_rate_hz), dtype=np.int16)
        return np.concatenate([ahead, frame])

    def _write(self, line: LineOut, frame: Samples) -> None:
        moved_s = time.monotonic()
        while len(frame):
            taken = line.write(frame)
            frame = frame[taken:]
            now_s = time.monotonic()
            if taken:
                moved_s = now_s
            elif self._is_closing:
                return
            elif now_s - moved_s > _STANDSTILL_S:
                raise Unreachable(f"the sound card {self._config.device} stands still")
            else:
                time.sleep(_RETRY_S)

    def _next_frame(self) -> Samples | None:
        """The next frame; None: there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or not self._is_wanted or self._is_closing)
            return self._frames.popleft() if self._frames and not self._is_closing else None

    def _was_dry(self) -> bool:
        with self._changed:
            was_dry, self._is_dry = self._is_dry, False
            return was_dry

    def _play_out(self) -> None:
        """Let the card play its buffer; whoever wants it again meanwhile gets it a moment later."""
        with self._changed:
            self._is_open = False
            self._changed.wait_for(lambda: self._is_closing, timeout=_BUFFER_S)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise type(self._failure)(*self._failure.args)


async def read_status(config: AlsaConfig) -> LoudspeakerStatus:
    """Ask the card for its name; a playback goes on undisturbed.

    A name of the technician's own (asound.conf) tells no card, so nothing is known of it.

    Raises:
        LoudspeakerError: The card is not there.
    """
    control = card_of(config.device)
    if control is None:
        return LoudspeakerStatus(is_proven=False)
    try:
        return LoudspeakerStatus(model=name_of_card(control))
    except DeviceBusy:
        return LoudspeakerStatus()
