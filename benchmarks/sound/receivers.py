"""Sockets in place of loudspeakers; the kernel notes when each packet came, whoever is busy then."""

import selectors
import socket
import struct
import threading
from typing import Self

import numpy as np
import numpy.typing as npt

from drivers.loudspeaker import FRAME_S

# Linux: the socket module does not name it. Arrival times as struct timespec.
_SO_TIMESTAMPNS = 35


class Receivers:
    """So many loudspeakers on the loopback, read in a thread of their own."""

    def __init__(self, count: int) -> None:
        self._sockets = [_open() for _ in range(count)]
        self.ports = [each.getsockname()[1] for each in self._sockets]
        self.arrivals_s: list[list[float]] = [[] for _ in range(count)]
        """Of each loudspeaker, on the kernel's wall clock."""
        self._closing = False
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self._thread.join()
        for each in self._sockets:
            each.close()

    def skew_ms(self) -> float:
        """How far apart the first packets of all loudspeakers came."""
        firsts = [arrivals[0] for arrivals in self.arrivals_s]
        return (max(firsts) - min(firsts)) * 1000

    def lateness_p99_ms(self) -> float:
        """How far packets come behind an even beat, over all loudspeakers."""
        return max(_lateness_p99_ms(np.array(arrivals)) for arrivals in self.arrivals_s)

    def _read(self) -> None:
        with selectors.DefaultSelector() as selector:
            for number, each in enumerate(self._sockets):
                selector.register(each, selectors.EVENT_READ, number)
            while not self._closing:
                for key, _ in selector.select(timeout=0.2):
                    _, ancillary, _, _ = self._sockets[key.data].recvmsg(
                        2048, socket.CMSG_SPACE(16)
                    )
                    whole, fraction = struct.unpack("qq", ancillary[0][2][:16])
                    self.arrivals_s[key.data].append(whole + fraction / 1e9)


def _open() -> socket.socket:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    receiver.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    return receiver


def _lateness_p99_ms(arrivals_s: npt.NDArray[np.float64]) -> float:
    behind_s = arrivals_s - arrivals_s[0] - np.arange(len(arrivals_s)) * FRAME_S
    return float(np.percentile(behind_s - np.percentile(behind_s, 1), 99)) * 1000
