"""How late 20 ms frames leave the player child while other work keeps the machine busy.

Two views of the same frames: what the child reports of itself, and the kernel's arrival times at the
loudspeaker's socket, which know nothing of the child's clock.
"""

import argparse
import json
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

FRAME_S = 0.020
TARGET_MS = 5.0
# Linux: the socket module does not name it. Arrival times as struct timespec.
SO_TIMESTAMPNS = 35
_BUSY = "while True: sum(range(10000))"


def main() -> None:
    """Measure and print JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--busy", type=int, default=1, help="busy Python processes beside it")
    parser.add_argument("--loudspeakers", type=int, default=2)
    parser.add_argument(
        "--decodings", type=int, default=10, help="half-hour files decoded beside it"
    )
    options = parser.parse_args()
    busy = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(options.busy)]
    try:
        finished, arrivals_s, cpu_s = measure(options)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    lateness_ms = max(line["lateness_p99_ms"] for line in finished)
    report("pacing_p99", lateness_ms, unit="ms", target=TARGET_MS)
    report("arrival_p99", arrival_lateness_ms(arrivals_s), unit="ms", target=TARGET_MS)
    report("underruns", sum(line["underruns"] for line in finished), unit="frames", target=0)
    cpu_percent = 100 * cpu_s / options.seconds
    report("cpu_of_one_core", cpu_percent, unit="%", target=0.5 * options.loudspeakers + 3)


def measure(
    options: argparse.Namespace,
) -> tuple[list[dict[str, float]], npt.NDArray[np.float64], float]:
    """Play on several sockets; final reports, arrival times at the first one, CPU time."""
    receivers = [open_receiver() for _ in range(options.loudspeakers)]
    with tempfile.TemporaryDirectory() as folder:
        audio = write_tone(Path(folder) / "tone.wav", options.seconds)
        command = [sys.executable, "-m", "edge_agent.playout"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            start_at_s = time.monotonic() + 2
            for number, receiver in enumerate(receivers):
                order_play(child, f"loa-{number}", receiver, audio, start_at_s=start_at_s)
            for long in write_long_files(Path(folder), options.decodings):
                # Decoded at once, for a start that the measurement does not wait for.
                order_play(child, long.stem, receivers[0], long, start_at_s=start_at_s + 27)
            arrivals_s = read_arrivals(receivers[0], frames=round(options.seconds / FRAME_S))
            cpu_s = read_cpu_s(child.pid)
            finished = read_finished(child, options.loudspeakers)
            pipe(child.stdin).close()
            pipe(child.stdout).read()
    for receiver in receivers:
        receiver.close()
    return finished, arrivals_s, cpu_s


def open_receiver() -> socket.socket:
    """A socket that notes when each packet arrived."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    receiver.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    return receiver


def write_tone(path: Path, seconds: float) -> Path:
    """A quiet tone at 48 kHz."""
    samples = np.sin(np.arange(round(seconds * 48000)) * 0.05) * 8000
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48000)
        out.writeframes(samples.astype("<i2").tobytes())
    return path


def write_long_files(folder: Path, count: int) -> list[Path]:
    """Half an hour of silence under several names."""
    first = write_tone(folder / "long.wav", 0)
    samples = 1800 * 48000
    with first.open("r+b") as header:
        header.seek(40)
        header.write(struct.pack("<I", samples * 2))
        header.truncate(44 + samples * 2)
    names = [folder / f"long-{number}.wav" for number in range(count)]
    for name in names:
        name.symlink_to(first)
    return names


def order_play(
    child: subprocess.Popen[bytes],
    name: str,
    receiver: socket.socket,
    audio: Path,
    *,
    start_at_s: float,
) -> None:
    """Install a loudspeaker on the receiver's port and let it play."""
    sink = {"driver": "rtp_multicast", "address": "127.0.0.1", "port": receiver.getsockname()[1]}
    play = {"do": "play", "broadcast_id": "bench", "loudspeaker_id": name, "priority": "routine"}
    orders = [
        {"do": "install", "loudspeaker_id": name, "sink": sink},
        {**play, "audio_path": str(audio), "start_at_s": start_at_s},
    ]
    pipe(child.stdin).write("".join(json.dumps(order) + "\n" for order in orders).encode())
    pipe(child.stdin).flush()


def read_arrivals(receiver: socket.socket, *, frames: int) -> npt.NDArray[np.float64]:
    """Arrival times of the frames, in seconds of the kernel's clock."""
    arrivals_s: list[float] = []
    while len(arrivals_s) < frames and select.select([receiver], [], [], 5)[0]:
        _, ancillary, _, _ = receiver.recvmsg(2048, socket.CMSG_SPACE(16))
        whole, fraction = struct.unpack("qq", ancillary[0][2][:16])
        arrivals_s.append(whole + fraction / 1e9)
    return np.array(arrivals_s)


def arrival_lateness_ms(arrivals_s: npt.NDArray[np.float64]) -> float:
    """99th percentile of how far frames arrive behind an even beat."""
    behind_s = arrivals_s - arrivals_s[0] - np.arange(len(arrivals_s)) * FRAME_S
    return float(np.percentile(behind_s - np.percentile(behind_s, 1), 99)) * 1000


def read_cpu_s(pid: int) -> float:
    """CPU time a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def read_finished(child: subprocess.Popen[bytes], count: int) -> list[dict[str, float]]:
    """The final report of every loudspeaker."""
    finished: list[dict[str, float]] = []
    while len(finished) < count:
        line = json.loads(pipe(child.stdout).readline())
        if line.get("state") == "finished":
            finished.append(line)
    return finished


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """The stream of a child that was started with pipes."""
    if stream is None:
        raise ValueError("the child was started without a pipe")
    return stream


def report(measure: str, value: float, *, unit: str, target: float) -> None:
    """Print one result."""
    row = {"bench": "audio", "measure": measure, "value": round(value, 3), "unit": unit}
    print(json.dumps({**row, "target": target, "met": value <= target}))


if __name__ == "__main__":
    main()
