"""Run a relay: receive the stream that the player asks for, until it closes the socket."""

import os
import signal
import socket
import sys
import time

import numpy as np

from edge_agent.playout.decoding.conditioning import to_int16
from edge_agent.playout.decoding.filtering import FloatSamples
from edge_agent.playout.relaying.fence import Fence
from edge_agent.playout.relaying.messages import (
    LARGEST_PACKET,
    PADDING,
    SOUND,
    STATE,
    Request,
    State,
)
from edge_agent.playout.relaying.stream import (
    PIECE_S,
    Loudness,
    StreamBroken,
    StreamRefused,
    receive,
)

_AHEAD_S = 3.5
"""Of what a server sends in a burst so much is passed on at once, the rest as it is played."""
_FIRST_WAIT_S, _LAST_WAIT_S = 0.5, 5.0


def main() -> int:
    """Receive, and connect again as often as it breaks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    player = socket.socket(fileno=int(sys.argv[1]))
    request = Request.model_validate_json(player.recv(LARGEST_PACKET))
    outlet = _Outlet(player, sample_rate_hz=request.sample_rate_hz)
    loudness = Loudness(sample_rate_hz=request.sample_rate_hz, loudness_lufs=request.loudness_lufs)
    fence = Fence(request.url)
    # libav's TLS looks for a proxy here and nowhere else.
    os.environ["http_proxy"] = fence.url
    os.environ.pop("no_proxy", None)
    try:
        _relay(request, outlet, loudness, fence)
    except (BrokenPipeError, ConnectionResetError):
        return 0
    player.recv(1)  # refused for ever: until the player has no need of us
    return 0


def _relay(request: Request, outlet: "_Outlet", loudness: Loudness, fence: Fence) -> None:
    """Return when the stream can never be heard."""
    wait_s = _FIRST_WAIT_S
    is_a_station = False
    while True:
        try:
            for piece in receive(request.url, sample_rate_hz=request.sample_rate_hz):
                is_a_station = True
                outlet.sound(loudness.feed(piece))
                wait_s = _FIRST_WAIT_S
        except StreamRefused as refusal:
            if not is_a_station:
                reason = fence.refusal or str(refusal)
                outlet.say(State(refusal=f"the stream cannot be relayed: {reason}"))
                return
            outlet.say(State(obstacle=str(refusal)))
        except StreamBroken as error:
            outlet.say(State(obstacle=str(error)))
        time.sleep(wait_s)
        wait_s = min(2 * wait_s, _LAST_WAIT_S)


class _Outlet:
    """The socket to the player, which plays in real time and keeps some seconds only."""

    def __init__(self, player: socket.socket, *, sample_rate_hz: int) -> None:
        self._player = player
        self._rate_hz = sample_rate_hz
        self._begin_s: float | None = None
        self._sent_s = 0.0

    def sound(self, samples: FloatSamples) -> None:
        """Pass sound on, not faster than it can be kept."""
        piece = round(PIECE_S * self._rate_hz)
        for begin in range(0, len(samples), piece):
            part = samples[begin : begin + piece]
            self._wait_for_room()
            self._player.send(SOUND + PADDING + to_int16(part).astype(np.int16).tobytes())
            self._sent_s += len(part) / self._rate_hz

    def say(self, state: State) -> None:
        """Tell the player how it goes."""
        self._player.send(STATE + PADDING + state.model_dump_json().encode())

    def _wait_for_room(self) -> None:
        now_s = time.monotonic()
        if self._begin_s is None:
            self._begin_s = now_s
        ahead_s = self._sent_s - (now_s - self._begin_s)
        if ahead_s < 0:
            self._begin_s -= ahead_s  # it fell behind: what was not there cannot be caught up
        elif ahead_s > _AHEAD_S:
            time.sleep(ahead_s - _AHEAD_S)


if __name__ == "__main__":
    sys.exit(main())
