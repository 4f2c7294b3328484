"""Serves one endless stream to a few loudspeakers, from a thread of its own; silence in between."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np
import structlog

from drivers.http_pull.formats import FRAME_SAMPLES, SAMPLE_RATE_HZ, Encoder, Format, Listening
from drivers.loudspeaker import Samples

log = structlog.get_logger(__name__)

STATUS_PATH = "/status"
MOST_PULLERS = 32
MOST_STRANGERS = 32
"""Connections that have not said yet what they want."""
LARGEST_HEAD_BYTES = 8_000
HEAD_WITHIN_S = 5.0
LARGEST_DEBT_BYTES = 24_000
"""Three seconds of the stream: who is so far behind is dropped and may come again."""
_KERNEL_DEBT_BYTES = 8_192
_TOGETHER_PACKETS = 2
"""Sent in one piece: a piece costs more than what is in it, and so many are only 40 ms."""
_FILL_EVERY_S = 0.05
_FILL_AFTER_S = 0.06
_FILL_AFTER_SPEECH_S = 0.25
"""A busy machine may be late for a moment with what is being said; what is late still comes."""
_FRAME_S = FRAME_SAMPLES / SAMPLE_RATE_HZ
_MOST_FILLED_FRAMES = 25
_END_WITHIN_S = 2.0
_MOST_WAITING_FRAMES = 100
_SILENCE = np.zeros(FRAME_SAMPLES, dtype=np.int16)


class _Puller:
    """One loudspeaker that fetches the stream."""

    def __init__(self, writer: asyncio.StreamWriter, listening: Listening, name: str) -> None:
        self.writer = writer
        self.listening = listening
        self.name = name


class StreamServer:
    """The server and its thread. `say` and `close` may be called from any one other thread."""

    def __init__(self, listener: socket.socket, *, path: str, format_: Format) -> None:
        """Serve on a listening socket, which is closed with the server."""
        self._listener = listener
        self._path = path
        self._pullers: set[_Puller] = set()
        self._strangers = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._conversations: set[asyncio.Task[None]] = set()
        self._said: deque[Samples] = deque(maxlen=_MOST_WAITING_FRAMES)
        self._encoder = Encoder(format_)
        self._past: deque[bytes] = deque(maxlen=self._encoder.format.prelude_packets)
        self._together: list[bytes] = []
        self._last_s = 0.0
        self._is_speaking = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._begun = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),), daemon=True)
        self._thread.name = f"http-pull {path}"
        self._thread.start()
        self._begun.wait(5)

    @property
    def pullers(self) -> int:
        """How many loudspeakers fetch the stream now."""
        return len(self._pullers)

    def say(self, frame: Samples) -> None:
        """Send one frame, `(960,) int16` at 48 kHz, to everybody who listens; never waits."""
        self._said.append(frame)
        self._wake(self._speak)

    def close(self) -> None:
        """End the stream for everybody; closing twice does no harm."""
        self._wake(self._closing.set)

    def _wake(self, call: Callable[[], None]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(call)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._last_s = time.monotonic()
        self._begun.set()
        server = await asyncio.start_server(
            self._serve, sock=self._listener, limit=LARGEST_HEAD_BYTES
        )
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FILL_EVERY_S):
                    await self._closing.wait()
            self._fill()
        server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        if self._conversations:
            await asyncio.wait(self._conversations, timeout=_END_WITHIN_S)

    def _speak(self) -> None:
        while self._said:
            self._spread(self._said.popleft())

    def _fill(self) -> None:
        """Send the silence that passed; sent late, it never delays what is said next."""
        now_s = time.monotonic()
        frames = 0
        patience_s = _FILL_AFTER_SPEECH_S if self._is_speaking else _FILL_AFTER_S
        if now_s - self._last_s < patience_s:
            return
        while now_s - self._last_s >= _FILL_AFTER_S and frames < _MOST_FILLED_FRAMES:
            self._spread(_SILENCE, at_s=self._last_s + _FRAME_S)
            frames += 1
        if frames == _MOST_FILLED_FRAMES:  # this thread stood still; what is past is past
            self._last_s = now_s

    def _spread(self, samples: Samples, *, at_s: float | None = None) -> None:
        self._is_speaking = at_s is None
        self._last_s = time.monotonic() if at_s is None else at_s
        for packet in self._encoder.encode(samples):
            self._together.append(packet)
            if len(self._together) >= _TOGETHER_PACKETS:
                self._deliver()

    def _deliver(self) -> None:
        for puller in tuple(self._pullers):
            puller.writer.write(b"".join(map(puller.listening.next, self._together)))
            if puller.writer.transport.get_write_buffer_size() > LARGEST_DEBT_BYTES:
                self._drop(puller, why="it takes the stream more slowly than it is spoken")
        self._past.extend(self._together)
        self._together.clear()

    def _drop(self, puller: _Puller, *, why: str) -> None:
        self._pullers.discard(puller)
        puller.writer.transport.abort()
        log.info("loudspeaker_stops_fetching", loudspeaker=puller.name, why=why)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (conversation := asyncio.current_task()) is not None:
            self._conversations.add(conversation)
            conversation.add_done_callback(self._conversations.discard)
        self._writers.add(writer)
        self._strangers += 1
        try:
            puller = await self._welcome(reader, writer)
        finally:
            self._strangers -= 1
        try:
            if puller is not None:
                await self._keep(puller, reader)
        finally:
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _welcome(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> _Puller | None:
        """Read one request within bounds and answer it; a puller when the stream was asked for."""
        if self._strangers > MOST_STRANGERS or self._closing.is_set():
            return None
        try:
            async with asyncio.timeout(HEAD_WITHIN_S):
                head = await reader.readuntil(b"\r\n\r\n")
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            return None
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0].decode("utf-8", "replace")
        if method not in {b"GET", b"HEAD"}:
            writer.write(_head(405, "text/plain", length=0))
        elif path == STATUS_PATH:
            body = json.dumps({"pullers": self.pullers}).encode()
            writer.write(_head(200, "application/json", length=len(body)) + body)
        elif path != self._path:
            writer.write(_head(404, "text/plain", length=0))
        elif self.pullers >= MOST_PULLERS:
            writer.write(_head(503, "text/plain", length=0))
        else:
            writer.write(_head(200, self._encoder.format.content_type))
            return self._admit(writer) if method == b"GET" else None
        return None

    def _admit(self, writer: asyncio.StreamWriter) -> _Puller:
        opened = writer.get_extra_info("socket")
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_DEBT_BYTES)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = str((writer.get_extra_info("peername") or ("gone",))[0])
        puller = _Puller(writer, self._encoder.listening(), name)
        writer.write(puller.listening.first())
        for packet in self._past:
            writer.write(puller.listening.next(packet))
        self._pullers.add(puller)
        log.info("loudspeaker_fetches", loudspeaker=name, pullers=self.pullers)
        return puller

    async def _keep(self, puller: _Puller, reader: asyncio.StreamReader) -> None:
        """Wait until the loudspeaker goes, or is dropped; what it says meanwhile is not heard."""
        with contextlib.suppress(OSError):
            while await reader.read(1024):
                pass
        if puller in self._pullers:
            self._drop(puller, why="it hung up")


def _head(status: int, content_type: str, *, length: int | None = None) -> bytes:
    lines = [
        f"HTTP/1.1 {status} Answer",
        f"Content-Type: {content_type}",
        "Cache-Control: no-store",
        "Connection: close",
    ]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n"
