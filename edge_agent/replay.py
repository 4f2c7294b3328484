"""Runs the live pipeline over a recording as fast as it goes and writes what it would have said."""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from edge_agent import config
from edge_agent.cameras.zones import order_zones
from edge_agent.config import CameraSettings
from edge_agent.vision.analysis import WHOLE_PICTURE, Analysis, Onlooker
from edge_agent.vision.child import quiet_libraries
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import AnyFinding, LitteringConfirmed, MotionEnded, Seen
from edge_agent.vision.lookback import Stock
from edge_agent.vision.orders import Watch, Zone
from edge_agent.vision.stream.lost import SourceLost
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.source import open_source

RING_S, RING_BYTES = 60.0, 8_000_000


class ReplayError(Exception):
    """The recording cannot be replayed; the text says why and what to do."""


def whole_picture() -> tuple[Zone, ...]:
    """Return the zones of a camera without configuration: all of it, for both purposes."""
    return (
        Zone(name="picture", purpose="no_dumping", polygon=WHOLE_PICTURE),
        Zone(name="picture", purpose="motion", polygon=WHOLE_PICTURE),
    )


def watch_of(
    video: Path, settings: CameraSettings | None, *, unattended_s: float | None = None
) -> Watch:
    """Return the order to watch a recording as the configured camera would be watched.

    Without `settings` the whole picture is a zone for motion and for left objects.
    """
    if settings is None:
        return Watch(
            camera_id="replay",
            analysis_uri=str(video),
            zones=whole_picture(),
            unattended_s=unattended_s or 10.0,
        )
    return Watch(
        camera_id=settings.id,
        analysis_uri=str(video),
        zones=zones_of(settings),
        masks=settings.masks,
        unattended_s=unattended_s or settings.unattended_s,
        sensitivity=settings.sensitivity,
    )


def play(
    video: Path,
    watch: Watch,
    take: Callable[[list[AnyFinding]], None],
    *,
    spool: Path | None = None,
    onlooker: Onlooker | None = None,
) -> float:
    """Hand everything found in a recording to `take`; return the seconds of the recording.

    Times count from the first picture.

    Raises:
        ReplayError: the recording is missing, empty, holds no video, or cannot be decoded.
    """
    if fault := _fault_of(video):
        raise ReplayError(f"{video} {fault}. Choose a recording that plays in a video player.")
    last_s, decoded = 0.0, 0
    try:
        with open_source(str(video), 0.0) as source:
            ring = PacketRing(max_s=RING_S, max_bytes=RING_BYTES)
            stock = Stock(form=source.form, ring=ring)
            analysis = Analysis(watch, stock, room=EvidenceRoom(spool=spool), onlooker=onlooker)
            try:
                for packet in source.packets(time.monotonic):
                    last_s = max(last_s, packet.t_s)
                    take(analysis.feed(packet))
            except SourceLost as lost:
                if lost.reason != "ended":
                    raise
            take(analysis.finish())
            decoded = analysis.decoded
            if source.form.nominal_fps:
                last_s += 1.0 / source.form.nominal_fps
    except SourceLost as lost:
        raise ReplayError(f"{video} cannot be replayed: {_reason_of(lost)}.") from lost
    if not decoded:
        raise ReplayError(f"{video} cannot be replayed: not one picture could be decoded.")
    return last_s


def _fault_of(video: Path) -> str:
    if not video.exists():
        return "does not exist"
    if not video.is_file():
        return "is no file"
    return "" if video.stat().st_size else "is empty (0 bytes)"


def _reason_of(lost: SourceLost) -> str:
    if lost.reason != "unreachable":
        return lost.detail
    # Of a file there is no camera to be reached: what is left is what the system says.
    return f"it cannot be opened: {lost.detail.rpartition(': ')[2]}"


class Lines:
    """Writes findings as the lines that the scorer reads.

    Lines are `{"type": "littering", …}` when an object is confirmed and `{"type": "motion", …}`
    when motion ends; boxes are pixels of the recording.
    """

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._width_px, self._height_px = 1, 1

    def write(self, said: list[AnyFinding]) -> None:
        """Write those that have a line."""
        for finding in said:
            match finding:
                case Seen():
                    self._width_px, self._height_px = finding.width_px, finding.height_px
                case LitteringConfirmed():
                    self._put(self._littering(finding))
                case MotionEnded():
                    start_s = finding.at_s - finding.duration_s
                    self._put(
                        {
                            "type": "motion",
                            "t_start_s": round(max(0.0, start_s), 3),
                            "t_end_s": round(finding.at_s, 3),
                        }
                    )
                case _:
                    pass

    def _littering(self, finding: LitteringConfirmed) -> dict[str, object]:
        left, top, width, height = finding.box
        scale_x, scale_y = self._width_px, self._height_px
        left_at_s = finding.left_at_s
        return {
            "type": "littering",
            "t_confirmed_s": round(finding.at_s, 3),
            "t_left_s": None if left_at_s is None else round(max(0.0, left_at_s), 3),
            "bbox": [
                round(left * scale_x, 1),
                round(top * scale_y, 1),
                round(width * scale_x, 1),
                round(height * scale_y, 1),
            ],
            "score": round(finding.score, 3),
            "reasons": list(finding.reasons),
        }

    def _put(self, line: dict[str, object]) -> None:
        self._output.write(json.dumps(line) + "\n")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.0 < seconds <= 3_600.0:
        raise argparse.ArgumentTypeError("must be more than 0 and at most 3600 seconds")
    return seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `edge-agent replay`."""
    parser.add_argument("video", type=Path, metavar="VIDEO", help="a recording")
    parser.add_argument(
        "--config", type=Path, help="gateway YAML: take a camera's zones, masks and settings"
    )
    parser.add_argument("--camera", metavar="ID", help="which camera of it; default: the first")
    parser.add_argument(
        "--unattended-s",
        type=_seconds,
        help="seconds alone until an object is confirmed (default: as configured, else 10)",
    )
    parser.add_argument(
        "--debug-video",
        type=Path,
        metavar="OUT.mp4",
        help="write the recording with zones, masks and what the analysis sees drawn into it",
    )
    parser.add_argument("--output", type=Path, help="write the events here, not to stdout")


def main(args: argparse.Namespace) -> int:
    """Replay one recording; return the exit code (2: the recording or output is unusable).

    Raises:
        ConfigurationError: `--config` names a file with faults.
    """
    quiet_libraries()
    settings = camera_in(args.config, args.camera) if args.config else None
    if args.camera and settings is None:
        where = args.config or "without --config"
        sys.stderr.write(f"edge-agent replay: {where}: there is no camera {args.camera}\n")
        return 2
    watch = watch_of(args.video, settings, unattended_s=args.unattended_s)
    try:
        with ExitStack() as stack:
            output: TextIO = sys.stdout
            if args.output:
                output = stack.enter_context(args.output.open("w", encoding="utf-8"))
            onlooker = None
            if args.debug_video:
                from edge_agent.tuning.debug_video import DebugVideo  # noqa: PLC0415

                onlooker = stack.enter_context(DebugVideo(args.debug_video, watch)).take
            stream_s = play(args.video, watch, Lines(output).write, onlooker=onlooker)
    except (ReplayError, OSError) as error:
        sys.stderr.write(f"edge-agent replay: {error}\n")
        return 2
    sys.stdout.write(json.dumps(summary(stream_s)) + "\n")
    return 0


def camera_in(path: Path, camera_id: str | None) -> CameraSettings | None:
    """Return a camera of a gateway's configuration, the first unless named, if it is there.

    Raises:
        ConfigurationError: the file has faults.
    """
    cameras = config.load(path).cameras
    return next((one for one in cameras if camera_id in (None, one.id)), None)


def zones_of(settings: CameraSettings) -> tuple[Zone, ...]:
    """Return a configured camera's zones as the vision child takes them, watching at any hour."""
    return order_zones(settings)


def summary(stream_s: float) -> dict[str, object]:
    """Return what this process has cost so far."""
    # Linux counts ru_maxrss in KiB.
    peak_rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "type": "summary",
        "stream_s": round(stream_s, 3),
        "cpu_s": round(time.process_time(), 3),
        "peak_rss_mb": round(peak_rss_mb, 1),
    }
