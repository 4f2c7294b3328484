"""The few calls of libasound that a line out needs; they never wait, and errors become ours."""

import contextlib
import ctypes
import errno
import functools
import re
from typing import Self

from drivers.loudspeaker import (
    DeviceBusy,
    LoudspeakerError,
    Samples,
    SinkUnusable,
    Unreachable,
)

# Values of asoundlib's headers.
_PLAYBACK = 0
_NONBLOCK = 1
_S16_LE = 2
_INTERLEAVED = 3
_MONO = 1
_RESAMPLE = 1

_CARD = re.compile(r"(?:plug)?hw:(?:CARD=)?(\w+)(?:,.*)?|(?:sys)?default(?::(?:CARD=)?(\w+))?")
_SETTINGS_ERRORS = frozenset({errno.ENOENT, errno.EINVAL, errno.EACCES, errno.EPERM})
_ErrorHandler = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)


_say_nothing = _ErrorHandler(lambda *_: None)
"""Keeps libasound from writing on stderr what its error codes say as well."""


class LineOut:
    """An open sound card, or whatever the ALSA configuration calls one. Not for several threads."""

    def __init__(
        self, device: str, *, sample_rate_hz: int, buffer_s: float, start_s: float
    ) -> None:
        """Open it for mono 16-bit samples; `close` it, or use it as a context manager.

        It begins to play when it holds `start_s`, and holds `buffer_s` at most.

        Raises:
            LoudspeakerError: By who must act.
        """
        self._library = _load()
        self._device = device
        self._pcm: ctypes.c_void_p | None = ctypes.c_void_p()
        self._check(
            self._library.snd_pcm_open(
                ctypes.byref(self._pcm), device.encode(), _PLAYBACK, _NONBLOCK
            )
        )
        try:
            self._set_up(
                sample_rate_hz, round(buffer_s * 1_000_000), round(start_s * sample_rate_hz)
            )
        except LoudspeakerError:
            self.close()
            raise

    def _set_up(self, sample_rate_hz: int, buffer_us: int, start_samples: int) -> None:
        pcm, library = self._pcm, self._library
        self._check(
            library.snd_pcm_set_params(
                pcm, _S16_LE, _INTERLEAVED, _MONO, sample_rate_hz, _RESAMPLE, buffer_us
            )
        )
        # Left alone it would wait until the buffer is full, and every sound would come so much later.
        software = ctypes.c_void_p()
        self._check(library.snd_pcm_sw_params_malloc(ctypes.byref(software)))
        try:
            self._check(library.snd_pcm_sw_params_current(pcm, software))
            threshold = ctypes.c_ulong(start_samples)
            self._check(library.snd_pcm_sw_params_set_start_threshold(pcm, software, threshold))
            self._check(library.snd_pcm_sw_params(pcm, software))
        finally:
            library.snd_pcm_sw_params_free(software)

    def write(self, samples: Samples) -> int:
        """Hand samples to the card; how many it took, 0 while its buffer is full.

        Raises:
            BrokenPipeError: The card ran dry and stopped: `restart`, then write again.
            LoudspeakerError: The card is gone.
        """
        little_endian = samples.astype("<i2").tobytes()
        taken = self._library.snd_pcm_writei(self._pcm, little_endian, len(samples))
        if taken == -errno.EAGAIN:
            return 0
        if taken in {-errno.EPIPE, -errno.ESTRPIPE}:
            raise BrokenPipeError(errno.EPIPE, "the sound card ran dry")
        self._check(taken)
        return int(taken)

    def restart(self) -> None:
        """Begin anew, after it ran dry or before something else.

        Raises:
            LoudspeakerError: The card is gone.
        """
        self._library.snd_pcm_drop(self._pcm)  # refused where nothing is to drop
        self._check(self._library.snd_pcm_prepare(self._pcm))

    def close(self) -> None:
        """Fall silent at once and release the card; closing twice does no harm."""
        pcm, self._pcm = self._pcm, None
        if pcm:
            self._library.snd_pcm_drop(pcm)
            self._library.snd_pcm_close(pcm)

    def _check(self, code: int) -> None:
        if code < 0:
            raise translate(-code, self._device)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def card_of(device: str) -> str | None:
    """The control name of the card behind a device's name; None: the name tells none."""
    found = _CARD.fullmatch(device)
    if found is None:
        return None
    card = found[1] or found[2]
    return f"hw:{card}" if card else "default"


def name_of_card(control: str) -> str:
    """What a card calls itself, asked beside whatever it plays.

    Raises:
        LoudspeakerError: It is not there.
    """
    library, handle, about = _load(), ctypes.c_void_p(), ctypes.c_void_p()
    if (code := library.snd_ctl_open(ctypes.byref(handle), control.encode(), _NONBLOCK)) < 0:
        raise translate(-code, control)
    with contextlib.ExitStack() as undo:
        undo.callback(library.snd_ctl_close, handle)
        library.snd_ctl_card_info_malloc(ctypes.byref(about))
        undo.callback(library.snd_ctl_card_info_free, about)
        if (code := library.snd_ctl_card_info(handle, about)) < 0:
            raise translate(-code, control)
        return str(library.snd_ctl_card_info_get_name(about).decode("utf-8", "replace"))


def translate(code: int, device: str) -> LoudspeakerError:
    """Turn an error number of libasound into ours."""
    said = _load().snd_strerror(-code).decode("utf-8", "replace")
    if code == errno.EBUSY:
        return DeviceBusy(f"another program plays through the sound card {device}: {said}")
    if code in _SETTINGS_ERRORS:
        return SinkUnusable(
            f"the sound card {device} cannot be used: {said};"
            " `aplay -L` lists what is there, and its user must belong to the group audio"
        )
    return Unreachable(f"the sound card {device} is gone: {said}")


@functools.cache
def _load() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libasound.so.2")
    except OSError as error:
        raise SinkUnusable("libasound is missing: install the package alsa-utils") from error
    number, handle = ctypes.c_long, ctypes.c_void_p
    library.snd_pcm_writei.restype = number
    library.snd_pcm_writei.argtypes = [handle, ctypes.c_char_p, ctypes.c_ulong]
    library.snd_strerror.restype = ctypes.c_char_p
    library.snd_ctl_card_info_get_name.restype = ctypes.c_char_p
    library.snd_lib_error_set_handler(_say_nothing)
    return library
