"""Run the decoder: requests on the socket whose descriptor is given, until the player closes it."""

import os
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from edge_agent.playout.arbiter import Priority
from edge_agent.playout.decoding.audio import AudioRefused, decode_audio
from edge_agent.playout.decoding.messages import LARGEST_PACKET, Answer, Request


def main() -> int:
    """Decode, an emergency never behind anything else."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    player = socket.socket(fileno=int(sys.argv[1]))
    workers = {priority: ThreadPoolExecutor(max_workers=1) for priority in Priority}
    while packet := player.recv(LARGEST_PACKET):
        request = Request.model_validate_json(packet)
        workers[request.priority].submit(_answer, player, request)
    # The player has gone: nobody waits for what is still being decoded.
    os._exit(0)


def _answer(player: socket.socket, request: Request) -> None:
    try:
        samples = decode_audio(
            Path(request.path),
            sample_rate_hz=request.sample_rate_hz,
            loudness_lufs=request.loudness_lufs,
        )
    except AudioRefused as refusal:
        answer = Answer(number=request.number, refusal=str(refusal))
        player.send(answer.model_dump_json().encode())
        return
    descriptor = os.memfd_create("announcement")
    try:
        with open(descriptor, "wb", closefd=False) as memory:
            memory.write(samples.data)
        answer = Answer(number=request.number)
        socket.send_fds(player, [answer.model_dump_json().encode()], [descriptor])
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
