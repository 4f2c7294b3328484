"""Runs the live pipeline over a recording as fast as it goes and writes what it would have said."""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from edge_agent import config
from edge_agent.cameras.zones import order_zones
from edge_agent.config import CameraSettings
from edge_agent.tuning.file_ends import missing_bytes
from edge_agent.tuning.lines import Lines
from edge_agent.tuning.whole_files import completed
from edge_agent.vision.analysis import Analysis, Onlooker
from edge_agent.vision.child import quiet_libraries
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import AnyFinding
from edge_agent.vision.lookback import Stock
from edge_agent.vision.orders import Detector, Watch, Zone
from edge_agent.vision.setting import WHOLE_PICTURE
from edge_agent.vision.stream.course import Gap
from edge_agent.vision.stream.lost import SourceLost
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.source import Source, open_source
from edge_agent.vision.stream.timeline import FILE_GAP_S

RING_S, RING_BYTES = 60.0, 8_000_000
CUT_OFF_S = 2.0
"""A recording that ends so long before it should has lost its end; sound may last a little longer."""
MOST_TOLD_GAPS = 3
"""The longest: a recorder that pauses while nothing moves may have hundreds."""
_CHOOSE = "Choose a recording that plays in a video player."


class ReplayError(Exception):
    """The recording cannot be replayed; the text says why and what to do."""


def whole_picture() -> tuple[Zone, ...]:
    """Return the zones of a camera without configuration: all of it, for both purposes."""
    return (
        Zone(name="picture", purpose="no_dumping", polygon=WHOLE_PICTURE),
        Zone(name="picture", purpose="motion", polygon=WHOLE_PICTURE),
    )


def watch_of(
    video: Path,
    settings: CameraSettings | None,
    *,
    unattended_s: float | None = None,
    detector: Detector | None = None,
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
        detector=detector,
    )


def chosen_watch(
    video: Path, path: Path | None, camera_id: str | None, *, unattended_s: float | None = None
) -> Watch:
    """Return the order to watch a recording as a camera of a gateway's configuration.

    Args:
        video: the recording.
        path: the configuration; None: there is none, and the whole picture is watched.
        camera_id: which of its cameras; None: the first.
        unattended_s: instead of the configured one.

    Raises:
        ConfigurationError: the file has faults.
        ReplayError: it has no such camera, or a camera is named without a file.
    """
    if path is None:
        if camera_id is not None:
            raise ReplayError(
                "--camera names a camera in a gateway.yaml; name the file by --config"
            )
        return watch_of(video, None, unattended_s=unattended_s)
    loaded = config.load(path, checks_files=True)
    for one in loaded.cameras:
        if camera_id in (None, one.id):
            detector = loaded.detector.order if loaded.detector else None
            return watch_of(video, one, unattended_s=unattended_s, detector=detector)
    if not loaded.cameras:
        raise ReplayError(f"{path} has no camera; leave out --config to watch the whole picture")
    known = ", ".join(camera.id for camera in loaded.cameras)
    raise ReplayError(f"there is no camera {camera_id}; {path} has: {known}")


def play(
    video: Path,
    watch: Watch,
    take: Callable[[list[AnyFinding]], None],
    *,
    spool: Path | None = None,
    onlooker: Onlooker | None = None,
    remark: Callable[[str], None] = lambda _: None,
) -> float:
    """Hand everything found in a recording to `take`; return the seconds of the recording.

    Times count from the first picture. `remark` is told, in words, if its end is missing, and where it has no pictures.

    Raises:
        ReplayError: the recording is missing, empty, holds no video, or cannot be decoded.
    """
    if fault := _fault_of(video):
        raise ReplayError(f"{video} {fault}. {_CHOOSE}")
    try:
        with _opened(video) as source:
            ring = PacketRing(max_s=RING_S, max_bytes=RING_BYTES)
            stock = Stock(form=source.form, ring=ring)
            analysis = Analysis(watch, stock, room=EvidenceRoom(spool=spool), onlooker=onlooker)
            recorded_s = _analyse(source, analysis, take)
    except SourceLost as lost:
        raise ReplayError(f"{video} cannot be replayed: {_reason_of(lost)}.") from lost
    if not analysis.seen:
        why = "came out whole" if analysis.decoded else "could be decoded"
        raise ReplayError(f"{video} cannot be replayed: not one of its pictures {why}.")
    if source.gaps:
        remark(f"{video} has no pictures for {_worded(source.gaps)}.")
    if source.missing_s > CUT_OFF_S:
        missing_s = source.missing_s
        remark(f"{video} ends after {recorded_s:.0f} s: {missing_s:.0f} s more should come.")
    elif missing := missing_bytes(video):
        remark(f"{video} ends after {recorded_s:.0f} s: at least {missing} bytes more should come.")
    return recorded_s


@contextmanager
def _opened(video: Path) -> Iterator[Source]:
    with ExitStack() as stack:
        try:
            source = stack.enter_context(open_source(str(video), 0.0))
        except SourceLost as lost:
            why = f"{video} cannot be replayed: {_reason_of(lost)}. {_CHOOSE}"
            raise ReplayError(why) from lost
        yield source


def _worded(gaps: Sequence[Gap]) -> str:
    """Say how long pictures are missing and from when on, at the times that findings are given."""
    longest = sorted(gaps, key=lambda gap: gap.lasted_s, reverse=True)[:MOST_TOLD_GAPS]
    told = [
        f"{gap.lasted_s:.0f} s from {gap.after_s:.0f} s on"
        + (", which its times here leave out" if gap.lasted_s > FILE_GAP_S else "")
        for gap in sorted(longest, key=lambda gap: gap.after_s)
    ]
    more = len(gaps) - len(told)
    return ", for ".join(told) + (f", and {more} times more for shorter" if more else "")


def _analyse(source: Source, analysis: Analysis, take: Callable[[list[AnyFinding]], None]) -> float:
    """Analyse a recording to its end; return its seconds."""
    last_s = 0.0
    try:
        for packet in source.packets(time.monotonic):
            last_s = max(last_s, packet.t_s)
            take(analysis.feed(packet))
    except SourceLost as lost:
        if lost.reason != "ended":
            raise
    take(analysis.finish())
    fps = source.form.nominal_fps
    return last_s + 1.0 / fps if fps else last_s


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


def check_written(*written: Path | None, reads: tuple[Path | None, ...]) -> None:
    """Refuse what cannot be written, and to write over what is read, such as the recording.

    Raises:
        ReplayError: a file to write is a folder or lies in none, or is one of those read.
    """
    for path in filter(None, written):
        if not path.parent.is_dir():
            raise ReplayError(f"{path} cannot be written: there is no folder {path.parent}")
        if path.is_dir():
            raise ReplayError(f"{path} is a folder; name a file in it to be written")
        for read in filter(None, reads):
            if path.exists() and read.exists() and path.samefile(read):
                raise ReplayError(f"{path} is read here and would be lost; write to another file")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= 3_600.0:
        raise argparse.ArgumentTypeError("must be a number of seconds, above 0 and at most 3600")
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
    try:
        check_written(args.output, args.debug_video, reads=(args.video, args.config))
        watch = chosen_watch(args.video, args.config, args.camera, unattended_s=args.unattended_s)
        with ExitStack() as stack:
            output: TextIO = sys.stdout
            if args.output:
                path = stack.enter_context(completed(args.output))
                output = stack.enter_context(path.open("w", encoding="utf-8"))
            onlooker = None
            if args.debug_video:
                from edge_agent.tuning.debug_video import DebugVideo  # noqa: PLC0415

                path = stack.enter_context(completed(args.debug_video))
                onlooker = stack.enter_context(DebugVideo(path, watch)).take
            lines = Lines(output, sys.stderr)
            try:
                stream_s = play(args.video, watch, lines.write, onlooker=onlooker, remark=_remark)
            except KeyboardInterrupt:
                lines.tell_waiting()
                raise
    except (ReplayError, OSError) as error:
        sys.stderr.write(f"edge-agent replay: {error}\n")
        return 2
    sys.stdout.write(json.dumps(summary(stream_s)) + "\n")
    return 0


def _remark(text: str) -> None:
    sys.stderr.write(f"edge-agent replay: {text}\n")


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
