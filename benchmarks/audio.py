"""How well loudspeakers are served: beat, common start, CPU, a typed word's way, what is read out.

Arrival times are the kernel's, at the loudspeaker's end, and know nothing of the player's clock.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from ioc.speech import normalise

sys.path.insert(0, str(Path(__file__).parents[1]))

from live.drawing import Drawn, draw
from live.serving import serving
from live.systems import Agent
from sound.answered import confirmed_to_sound_s
from sound.players import Player, write_tone
from sound.receivers import Receivers
from sound.rows import report, report_share
from sound.typed import p95, typed_to_sound_s

MANY = 50
GATEWAYS = 4
BUSY_CAMERAS = 8
GOLDEN = Path(__file__).parents[1] / "tests" / "ioc" / "speech" / "golden.yaml"
OUT = Path(__file__).parent / "out" / "live"


def main() -> None:
    """Measure everything and print JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of what is played")
    parser.add_argument("--texts", type=int, default=20, help="texts typed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tone = write_tone(folder / "tone.wav", options.seconds)
        measure_speech()
        measure_cpu(tone, options.seconds)
        measure_gateways(tone)
        measure_preemption(tone)
        measure_beside_vision(tone)
        seconds = typed_to_sound_s(folder, times=options.texts)
        report("typed_to_sound_p95", p95(seconds), unit="s", target=1.0, texts=options.texts)
        seconds = confirmed_to_sound_s(folder, times=options.texts)
        report("confirmed_to_talk_down_p95", p95(seconds), unit="s", target=2.0)


def measure_speech() -> None:
    """Sentences read out as a person would."""
    groups = yaml.safe_load(GOLDEN.read_text(encoding="utf-8")).values()
    pairs = [(text, said) for group in groups for text, said in group.items()]
    right = sum(normalise(text).lower() == said.lower() for text, said in pairs)
    report_share("speech_golden", 100 * right / len(pairs), target=100, sentences=len(pairs))


def measure_cpu(tone: Path, seconds: float) -> None:
    """Many loudspeakers of one gateway: their common start, and what they cost."""
    for codec in ("pcmu", "pcma", "g722", "opus"):
        with Player(codec=codec) as player, Receivers(MANY) as receivers:
            player.install(receivers.ports)
            player.play("bench", receivers.ports, tone, start_at_s=time.monotonic() + 2)
            time.sleep(1.9)
            before_s = player.cpu_s()
            player.wait_for("finished", MANY)
            cpu_percent = 100 * (player.cpu_s() - before_s) / seconds / MANY
            report("cpu_per_loudspeaker", cpu_percent, unit="%", target=0.5, codec=codec)
            if codec == "pcmu":
                skew_ms = receivers.skew_ms()
                report("start_skew", skew_ms, unit="ms", target=20, loudspeakers=MANY, gateways=1)


def measure_gateways(tone: Path) -> None:
    """Several gateways with one clock, one instant."""
    with ExitStack() as stack:
        receivers = stack.enter_context(Receivers(MANY))
        players = [stack.enter_context(Player()) for _ in range(GATEWAYS)]
        start_at_s = time.monotonic() + 8
        for number, player in enumerate(players):
            ports = receivers.ports[number::GATEWAYS]
            player.install(ports)
            player.play("bench", ports, tone, start_at_s=start_at_s)
        time.sleep(max(0.0, start_at_s - time.monotonic()) + 1)
        skew_ms = receivers.skew_ms()
    report("start_skew", skew_ms, unit="ms", target=100, loudspeakers=MANY, gateways=GATEWAYS)


def measure_preemption(tone: Path) -> None:
    """From the order of an emergency to its first frame, on six loudspeakers that speak already."""
    with Player() as player, Receivers(6) as receivers:
        player.install(receivers.ports)
        player.play("programme", receivers.ports, tone, start_at_s=None)
        player.wait_for("started", 6)
        time.sleep(1)
        ordered_s = time.monotonic()
        player.play("flood", receivers.ports, tone, start_at_s=None, priority="emergency")
        begun_s = max(line["at_s"] for line in player.wait_for("started", 6))
        report("preemption", 1000 * (begun_s - ordered_s), unit="ms", target=300, loudspeakers=6)


def measure_beside_vision(tone: Path) -> None:
    """The beat while cameras are watched and other audio is decoded on the same machine."""
    with watched_cameras(tone.parent / "spool"), Player() as player, Receivers(2) as receivers:
        player.install(receivers.ports)
        player.play("bench", receivers.ports, tone, start_at_s=time.monotonic() + 2)
        finished = player.wait_for("finished", 2)
        lateness_ms = max(line["lateness_p99_ms"] for line in finished)
        beside = {"cameras": BUSY_CAMERAS}
        report("pacing_p99", lateness_ms, unit="ms", target=5, **beside)
        report("arrival_p99", receivers.lateness_p99_ms(), unit="ms", target=5, **beside)
        underruns = sum(line["underruns"] for line in finished)
        report("underruns", underruns, unit="frames", target=0, **beside)


@contextmanager
def watched_cameras(spool: Path) -> Iterator[None]:
    """A vision process with cameras in which somebody walks, and a second busy one."""
    drawn = Drawn(resolution="640x360", rate="cbr", busy=True)
    with serving(draw(drawn, OUT), BUSY_CAMERAS) as served:
        agent = Agent(served.uris, spool)
        busy = subprocess.Popen([sys.executable, "-c", "while True: sum(range(10000))"])
        try:
            time.sleep(10)
            yield
        finally:
            busy.kill()
            busy.wait()
            agent.stop()


if __name__ == "__main__":
    main()
