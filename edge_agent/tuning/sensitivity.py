"""The command `edge-agent sensitivity`: what a recording would have alarmed at which settings."""

import argparse
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from edge_agent.replay import ReplayError, chosen_watch, play
from edge_agent.vision.child import quiet_libraries
from edge_agent.vision.findings import (
    AnyFinding,
    Degraded,
    LitteringConfirmed,
    Picture,
    PresenceStarted,
)
from edge_agent.vision.orders import Watch

_SENSITIVITIES = (0.3, 0.5, 0.7)
_LEAST_FOR_RATE_S = 1_800.0
_PATIENCE_FACTORS = (0.5, 2.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """One alarm that there would have been."""

    t_s: float
    kind: str
    zone: str
    """Empty: it is about the camera itself."""
    why: str
    pictures: tuple[Picture, ...] = ()

    @property
    def title(self) -> str:
        """What happened where, in words."""
        return f"{self.kind} in {self.zone}" if self.zone else self.kind.replace("_", " ")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What one choice of settings would have alarmed."""

    watch: Watch
    alarms: tuple[Alarm, ...]
    recorded_s: float

    @property
    def title(self) -> str:
        """The settings in words."""
        return f"sensitivity {self.watch.sensitivity:g}, unattended {self.watch.unattended_s:g} s"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `edge-agent sensitivity`."""
    parser.add_argument("video", type=Path, metavar="VIDEO", help="a recording, such as one hour")
    parser.add_argument("--config", type=Path, metavar="gateway.yaml")
    parser.add_argument("--camera", metavar="ID", help="whose zones to use; default: the first")
    parser.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        help="write each alarm's pictures there; new or empty",
    )


def main(args: argparse.Namespace) -> int:
    """Report; return the exit code (2: the recording or the camera's name is unusable).

    Raises:
        ConfigurationError: `--config` names a file with faults.
    """
    quiet_libraries()
    try:
        usual = chosen_watch(args.video, args.config, args.camera)
        if args.pictures:
            _make_empty(args.pictures)
        for line in describe(try_out(args.video, usual, args.pictures)):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
    except (ReplayError, OSError) as error:
        sys.stderr.write(f"edge-agent sensitivity: {error}\n")
        return 2
    return 0


def _make_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise ReplayError(f"{folder} is or lies in a file; name a folder") from error
    if any(folder.iterdir()):
        raise ReplayError(
            f"{folder} is not empty, and pictures of before would be taken for those of now;"
            " name a new folder"
        )


def try_out(video: Path, usual: Watch, pictures: Path | None) -> Iterator[Outcome]:
    """Yield what the usual settings would have alarmed, then each other choice.

    Raises:
        ReplayError: the recording cannot be replayed.
    """
    for number, watch in enumerate(choices(usual)):
        yield _tried(video, watch, *((pictures, _remark) if number == 0 else (None, _unsaid)))


def _remark(text: str) -> None:
    sys.stderr.write(f"edge-agent sensitivity: {text}\n")


def _unsaid(_: str) -> None:
    """Say nothing: it was said before."""


def _tried(
    video: Path, watch: Watch, pictures: Path | None, remark: Callable[[str], None]
) -> Outcome:
    found: list[AnyFinding] = []
    if pictures is None:
        recorded_s = play(video, watch, found.extend, remark=remark)
        return Outcome(watch=watch, alarms=tuple(_alarms(found)), recorded_s=recorded_s)
    with TemporaryDirectory(prefix=".", dir=pictures) as spool:
        recorded_s = play(video, watch, found.extend, spool=Path(spool), remark=remark)
        alarms = tuple(_alarms(found))
        _name_pictures(Path(spool), pictures, alarms)
    return Outcome(watch=watch, alarms=alarms, recorded_s=recorded_s)


def choices(usual: Watch) -> tuple[Watch, ...]:
    """Return the usual settings first, then each other one worth comparing."""
    others = [
        usual.model_copy(update={"sensitivity": sensitivity})
        for sensitivity in _SENSITIVITIES
        if sensitivity != usual.sensitivity
    ]
    others += [
        usual.model_copy(update={"unattended_s": usual.unattended_s * factor})
        for factor in _PATIENCE_FACTORS
    ]
    return (usual, *others)


def _alarms(found: Iterable[AnyFinding]) -> Iterator[Alarm]:
    for finding in found:
        match finding:
            case LitteringConfirmed():
                yield Alarm(
                    t_s=finding.at_s,
                    kind="littering",
                    zone=finding.zone,
                    why=f"alone {finding.unattended_s:.0f} s, score {finding.score:.2f},"
                    f" {', '.join(finding.reasons)}",
                    pictures=finding.pictures,
                )
            case PresenceStarted():
                yield Alarm(
                    t_s=finding.at_s,
                    kind=finding.purpose,
                    zone=finding.zone,
                    why=f"present {finding.present_s:.0f} s, {finding.share:.0%} of the zone",
                    pictures=finding.pictures,
                )
            case Degraded():
                yield Alarm(
                    t_s=finding.at_s,
                    kind=f"camera_{finding.condition}",
                    zone="",
                    why=finding.detail,
                    pictures=finding.pictures,
                )
            case _:
                pass


def _name_pictures(spool: Path, folder: Path, alarms: Iterable[Alarm]) -> None:
    for number, alarm in enumerate(alarms, 1):
        stamp = clock_of(alarm.t_s).replace(":", "")
        for picture in alarm.pictures:
            file = spool / f"{picture.sha256}.jpg"
            # Two alarms may show the same picture.
            shutil.copyfile(file, folder / f"{stamp}-{number:02}-{alarm.kind}-{picture.role}.jpg")


def describe(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield the report line by line: the usual settings in full, the others as counts."""
    for number, outcome in enumerate(outcomes):
        count = len(outcome.alarms)
        times = "once" if count == 1 else f"{count} times"
        yield (
            f"{outcome.title}: would have alarmed {times}"
            f" in {clock_of(outcome.recorded_s)}{_rate(outcome)}"
        )
        if number == 0 and count:
            yield "  here they are:"
        for alarm in outcome.alarms:
            line = f"  {clock_of(alarm.t_s)}  {alarm.title}"
            yield f"{line}: {alarm.why}" if number == 0 else line


def _rate(outcome: Outcome) -> str:
    """A few minutes say nothing about a day."""
    if outcome.recorded_s < _LEAST_FOR_RATE_S:
        return ""
    per_day = 86_400 * len(outcome.alarms) / outcome.recorded_s
    return f" ({per_day:.0f} a day at this rate)"


def clock_of(t_s: float) -> str:
    """Return seconds from the beginning as h:mm:ss."""
    whole = round(t_s)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
