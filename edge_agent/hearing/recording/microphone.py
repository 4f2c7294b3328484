"""One camera's microphone: its audio track by RTSP, without its pictures, onto tapes.

A thread of its own may hang in the network; nobody waits for it.
"""

import threading
import time
from collections.abc import Iterator
from itertools import chain, count, repeat

import av
import numpy as np
import structlog

from edge_agent.hearing.comparing.whitening import SAMPLE_RATE_HZ
from edge_agent.hearing.recording.tape import Chunk, Tape

log = structlog.get_logger(__name__)

_OPTIONS = {"rtsp_transport": "tcp", "allowed_media_types": "audio"}
_TIMEOUT_S = 5.0
_AGAIN_S = (2.0, 2.0, 4.0, 8.0, 15.0)
_TORN_S = 0.03
"""Time stamps that jump by more tell of lost sound; less is how unevenly cameras stamp."""
_NO_MICROPHONE = "the camera has no microphone, or its sound is switched off"
_connections = count()


class _Mute(Exception):
    """This camera will not give sound, however often it is asked."""


class Microphone:
    """Open from the first tape to the last."""

    def __init__(self, uri: str, *, name: str) -> None:
        """Args: the address with the account in it, and what to call the camera in the log."""
        self._uri = uri
        self._name = name
        self._tapes: tuple[Tape, ...] = ()
        self._closing = threading.Event()
        self.fault = "the camera does not answer"
        """Why there is no sound, if there is none."""
        self._thread = threading.Thread(target=self._run, name=f"microphone {name}", daemon=True)
        self._thread.start()

    def record(self, tape: Tape) -> None:
        """Put what is heard from now on onto a tape too."""
        self._tapes = (*self._tapes, tape)

    def release(self, tape: Tape) -> bool:
        """Leave a tape alone; without any the connection ends. Returns whether it does."""
        self._tapes = tuple(one for one in self._tapes if one is not tape)
        if not self._tapes:
            self._closing.set()
        return not self._tapes

    def _run(self) -> None:
        waits_s = chain(_AGAIN_S, repeat(_AGAIN_S[-1]))
        while not self._closing.is_set():
            try:
                self._listen()
                self._note("the camera ended its sound")
            except _Mute as mute:
                self._note(str(mute))
                return
            except (av.FFmpegError, OSError) as error:
                self._note(f"no sound from the camera: {error.strerror or type(error).__name__}")
            self._closing.wait(next(waits_s))

    def _note(self, fault: str) -> None:
        if fault != self.fault and not self._closing.is_set():
            log.info("microphone lost", camera=self._name, reason=fault)
        self.fault = fault

    def _listen(self) -> None:
        with self._open() as container:
            if not container.streams.audio:
                raise _Mute(_NO_MICROPHONE)
            for chunk in _chunks(container):
                for tape in self._tapes:
                    tape.add(chunk)
                if self._closing.is_set():
                    return

    def _open(self) -> av.container.InputContainer:
        try:
            return av.open(self._uri, options=_OPTIONS, timeout=(_TIMEOUT_S, _TIMEOUT_S))
        except av.HTTPUnauthorizedError as error:
            raise _Mute("the camera refuses the user name or password") from error
        except av.HTTPOtherClientError as error:
            # Asked to play a presentation of which no track was set up (RFC 2326 §11.3.6).
            raise _Mute(_NO_MICROPHONE) from error


def _chunks(container: av.container.InputContainer) -> Iterator[Chunk]:
    connection = next(_connections)
    stream = container.streams.audio[0]
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
    next_s: float | None = None
    for packet in container.demux(stream):
        arrived_at_s = time.monotonic()
        for frame in _decode(packet):
            stream_s = next_s if frame.time is None else frame.time
            if next_s is None or stream_s is None or abs(stream_s - next_s) > _TORN_S:
                next_s = stream_s or 0.0
            parts = [part.to_ndarray()[0] for part in resampler.resample(frame)]
            if parts:
                samples = np.concatenate(parts)
                yield Chunk(
                    connection=connection,
                    stream_s=next_s,
                    arrived_at_s=arrived_at_s,
                    samples=samples,
                )
                next_s += len(samples) / SAMPLE_RATE_HZ


def _decode(packet: "av.Packet[av.AudioStream]") -> list[av.AudioFrame]:
    try:
        return packet.decode()
    except av.InvalidDataError:
        return []  # a damaged packet is a moment of silence
