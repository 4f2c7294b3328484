"""Looks at RTSP streams as a recorder does, by PyAV over TCP."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import av
from av.container import InputContainer

from tests.fakes.simulated_camera import PASSWORD


@contextmanager
def open_stream(
    uri: str, *, password: str = PASSWORD, read_timeout_s: float = 5
) -> Iterator[InputContainer]:
    """Open a stream of a simulated camera."""
    account = f"admin:{quote(password, safe='')}@"
    with av.open(
        uri.replace("rtsp://", f"rtsp://{account}"),
        options={"rtsp_transport": "tcp", "analyzeduration": "200000"},
        timeout=(5, read_timeout_s),
    ) as container:
        yield container


def watch(container: InputContainer, duration_s: float) -> list[tuple[float, av.Packet]]:
    """Return the packets of a duration with the times of their arrival."""
    start_s = time.monotonic()
    packets = []
    for packet in container.demux(video=0):
        now_s = time.monotonic() - start_s
        if packet.size:
            packets.append((now_s, packet))
        if now_s > duration_s:
            break
    return packets
