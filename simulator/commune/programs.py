"""Where the commune's programs are and how each simulated device is called."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from simulator.commune import documents, world
from simulator.commune.folder import Folder
from simulator.commune.options import Options

LARGEST_LOG_BYTES = 10_000_000


class MissingProgram(Exception):
    """A program of the commune is not installed; `make setup` installs it."""


def find_program(name: str) -> Path:
    """Return a program of this virtual environment, else of the machine.

    Raises:
        MissingProgram: it is in neither.
    """
    beside_python = Path(sys.executable).parent
    # Debian keeps daemons in /usr/sbin, which is not on every user's PATH.
    places = [str(beside_python), os.environ.get("PATH", os.defpath), "/usr/sbin"]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise MissingProgram(f"{name} is not installed: run `make setup`")
    return Path(found)


def list_devices(
    folder: Folder, ports: Mapping[str, int], options: Options
) -> dict[str, Sequence[str | Path]]:
    """Return the command line of every simulated device by its id."""
    python = Path(sys.executable)
    cameras: dict[str, Sequence[str | Path]] = {
        camera.id: [
            python, "-m", "simulator.camera", "--config", folder.devices / f"{camera.id}.json",
        ]
        for camera in documents.simulated_cameras(options)
    }  # fmt: skip
    loudspeakers: dict[str, Sequence[str | Path]] = {
        loudspeaker.id: [
            python, "-m", "simulator.loudspeaker",
            "--listen", loudspeaker.address,
            "--port", str(ports[loudspeaker.id]),
            "--interface", "127.0.0.1",
            "--codec", loudspeaker.codec,
            "--record", folder.devices / loudspeaker.id,
        ]
        for loudspeaker in world.LOUDSPEAKERS
    }  # fmt: skip
    return cameras | loudspeakers


def rotate_log(log: Path) -> Path:
    """Put a log that has grown large aside, over the one put aside before; return `log`."""
    if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".old.log"))
    return log
