"""Serves H.264 access units read from standard input over RTSP; it never makes a picture.

Run by the system's interpreter, because GStreamer's bindings belong to the distribution and
cannot be installed into a virtual environment:  `python3 -I rtsp_child.py`.

Standard input carries blocks `>BBqI` (kind, flags, presentation time in µs, length) and their
bytes: kind 0 is an order in JSON, kind 255 sound for all streams (16 bit, 8 kHz, mono), any other
kind n ≥ 1 an access unit (Annex B) of the n-th stream.
Standard output carries one JSON object per line. The end of standard input ends the process.
"""

import ctypes
import json
import os
import signal
import struct
import sys
import threading
import time
from typing import Any, BinaryIO

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

GstObject = Any
"""An object of the bindings, which carry no types."""
BLOCK = struct.Struct(">BBqI")
KEYFRAME = 1
SOUND = 255
PR_SET_PDEATHSIG = 1
ROLE = "viewer"
SOURCE = (
    "appsrc name=source is-live=true format=time max-bytes=8000000 "
    "caps=video/x-h264,stream-format=byte-stream,alignment=au"
)
PAYLOADER = "h264parse ! rtph264pay name=pay0 pt=96 config-interval=0"
"""Every keyframe brings its parameter sets; a payloader told to add them does so before each slice."""
IF_WATCHED = (
    "errorignore ignore-notlinked=true ignore-notnegotiated=false ignore-error=false convert-to=ok"
)
"""A viewer that wants only one of two tracks must not end the other for those who come later."""
MICROPHONE = (
    "appsrc name=sound is-live=true format=time do-timestamp=true max-bytes=64000 "
    "caps=audio/x-raw,format=S16LE,rate=8000,channels=1,layout=interleaved "
    f"! queue ! {IF_WATCHED} ! mulawenc ! rtppcmupay name=pay1 pt=0"
)
WITHOUT_SOUND = f"( {SOURCE} ! {PAYLOADER} )"
WITH_SOUND = f"( {SOURCE} ! queue ! {IF_WATCHED} ! {PAYLOADER} {MICROPHONE} )"


def say(**event: object) -> None:
    """Write one event line for the parent."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent is gone, however it went."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Mount:
    """One RTSP address: the media its viewers share, and the last keyframe for the next viewer."""

    def __init__(self, name: str, *, has_sound: bool) -> None:
        self.name = name
        self._launch = WITH_SOUND if has_sound else WITHOUT_SOUND
        self._lock = threading.Lock()
        self._source: GstObject = None
        self._sound: GstObject = None
        self._keyframe = b""
        self._waiting = True
        self._shift_ns = 0
        self._last_ns = -1
        self._configured_ns = 0

    def factory(self) -> GstObject:
        """Return the factory that builds this mount's media when a viewer asks for it."""
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(self._launch)
        factory.set_shared(True)
        factory.connect("media-configure", self._configure)
        access = (
            f"{ROLE}, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
        )
        factory.add_role_from_structure(Gst.Structure.new_from_string(access))
        return factory

    def _configure(self, _factory: GstObject, media: GstObject) -> None:
        # DESCRIBE is answered only after a picture has passed; the last keyframe is at hand.
        with self._lock:
            self._source = media.get_element().get_child_by_name("source")
            self._sound = media.get_element().get_child_by_name("sound")
            self._waiting, self._last_ns = True, -1
            self._configured_ns = time.monotonic_ns()
            if self._keyframe:
                self._push(self._keyframe, 0)
        media.connect("unprepared", self._unprepared)
        say(event="prepared", stream=self.name)

    def _unprepared(self, _media: GstObject) -> None:
        with self._lock:
            self._source = self._sound = None

    def hear(self, samples: bytes) -> None:
        """Pass sound on to whoever listens."""
        with self._lock:
            if self._sound is not None:
                self._sound.emit("push-buffer", Gst.Buffer.new_wrapped(samples))

    def send(self, unit: bytes, pts_ns: int, *, keyframe: bool) -> None:
        """Pass one access unit on; a medium that has just opened waits for a keyframe."""
        with self._lock:
            if keyframe:
                self._keyframe = unit
            if self._source is None or (self._waiting and not keyframe):
                return
            if self._waiting:
                self._waiting = False
                self._shift_ns = self._running_time_ns() - pts_ns
            self._push(unit, max(0, pts_ns + self._shift_ns))

    def end(self) -> None:
        """Say that no more pictures will come."""
        with self._lock:
            self._keyframe = b""
            if self._source is not None:
                self._source.emit("end-of-stream")
            if self._sound is not None:
                self._sound.emit("end-of-stream")
                self._sound = None

    def _running_time_ns(self) -> int:
        clock = self._source.get_clock()
        if clock is None:
            return self._last_ns + 1
        running_ns = int(clock.get_time() - self._source.get_base_time())
        # A medium on its way to PLAYING has its clock a moment before its base time; the hours of
        # uptime that this would give hold every picture back for ever.
        at_most_ns = time.monotonic_ns() - self._configured_ns
        return max(self._last_ns + 1, min(running_ns, at_most_ns))

    def _push(self, unit: bytes, pts_ns: int) -> None:
        picture = Gst.Buffer.new_wrapped(unit)
        picture.pts = pts_ns
        self._last_ns = max(self._last_ns, pts_ns)
        self._source.emit("push-buffer", picture)


class RtspServer:
    """The server on its main loop, and the orders that reach it from standard input."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._loop = GLib.MainLoop()
        has_sound = bool(order.get("sound"))
        self._mounts = [Mount(name, has_sound=has_sound) for name in order["streams"]]
        self._username = order["username"]
        self._auth = GstRtspServer.RTSPAuth()
        self._auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        self._auth.set_realm(order["realm"])
        self._server = GstRtspServer.RTSPServer()
        self._server.set_address(order["host"])
        self._server.set_service(str(order["port"]))
        self._server.connect("client-connected", self._connected)
        self._set_password(order["password"])
        self._server.set_auth(self._auth)
        for mount in self._mounts:
            self._server.get_mount_points().add_factory(f"/{mount.name}", mount.factory())

    def run(self, blocks: BinaryIO) -> None:
        """Serve until standard input ends."""
        if self._server.attach(None) == 0:
            say(event="failed", reason="the RTSP port cannot be opened")
            return
        say(event="listening", port=self._server.get_bound_port())
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, signal.SIGTERM, self._loop.quit)
        threading.Thread(target=self._read, args=(blocks,), name="blocks", daemon=True).start()
        self._loop.run()

    def _connected(self, _server: GstObject, viewer: GstObject) -> None:
        viewer.connect("play-request", self._played)

    def _played(self, _viewer: GstObject, context: GstObject) -> None:
        path = context.uri.abspath.strip("/").split("/")[0]
        say(event="playing", stream=path)

    def _read(self, blocks: BinaryIO) -> None:
        while (block := read_block(blocks)) is not None:
            kind, flags, pts_us, body = block
            if kind == 0:
                GLib.idle_add(self._obey, json.loads(body))
            elif kind == SOUND:
                for mount in self._mounts:
                    mount.hear(body)
            else:
                keyframe = bool(flags & KEYFRAME)
                self._mounts[kind - 1].send(body, pts_us * 1000, keyframe=keyframe)
        # GStreamer's threads may be stuck in a socket; the process has nothing left to save.
        os._exit(0)

    def _obey(self, order: dict[str, Any]) -> bool:
        match order["do"]:
            case "drop":
                self._drop_viewers()
            case "password":
                self._set_password(order["value"])
            case "end":
                self._end()
            case unknown:
                say(event="failed", reason=f"there is no order {unknown!r}")
        return bool(GLib.SOURCE_REMOVE)

    def _end(self) -> None:
        for mount in self._mounts:
            mount.end()
            self._server.get_mount_points().remove_factory(f"/{mount.name}")
        GLib.timeout_add(500, self._drop_viewers)

    def _drop_viewers(self) -> bool:
        remove = GstRtspServer.RTSPFilterResult.REMOVE
        self._server.client_filter(lambda _server, _viewer: remove)
        return bool(GLib.SOURCE_REMOVE)

    def _set_password(self, password: str) -> None:
        self._auth.remove_digest(self._username)
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", ROLE)
        self._auth.add_digest(self._username, password, token)


def read_block(blocks: BinaryIO) -> tuple[int, int, int, bytes] | None:
    """Read one block, or None when the parent is gone."""
    head = blocks.read(BLOCK.size)
    if len(head) < BLOCK.size:
        return None
    kind, flags, pts_us, length = BLOCK.unpack(head)
    body = blocks.read(length)
    return (kind, flags, pts_us, body) if len(body) == length else None


def main() -> None:
    """Read the first order and serve."""
    die_with_parent()
    Gst.init(None)
    first = read_block(sys.stdin.buffer)
    if first is not None:
        RtspServer(json.loads(first[3])).run(sys.stdin.buffer)


if __name__ == "__main__":
    main()
