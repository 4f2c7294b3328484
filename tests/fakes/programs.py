"""Programs of other makers that play the other side in a test."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


def find_program(name: str) -> str:
    """Return where a program lies; a missing one is a fault, never a skip.

    Raises:
        AssertionError: It is not on this machine.
    """
    found = shutil.which(name)
    assert found, f"{name} is missing: run `make setup` (scripts/apt-packages names its package)"
    return found


@contextmanager
def running(command: list[str], **options: object) -> Iterator[subprocess.Popen]:
    """Run a program beside the test; whatever happens, it is gone afterwards."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, **options) as process:
        try:
            yield process
        finally:
            process.kill()
