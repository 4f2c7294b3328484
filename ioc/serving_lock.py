"""One process at a time serves a data directory; the lock ends with its process, however it ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyServed(Exception):
    """Another process serves this data directory; stop it first."""


@contextmanager
def lock_for_serving(data_dir: Path) -> Iterator[None]:
    """Hold the lock while the block runs.

    Raises:
        AlreadyServed: another process holds it.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_dir / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyServed(f"another `ioc serve` uses {data_dir}; stop it first") from error
        yield


def is_served(data_dir: Path) -> bool:
    """Tell whether another process serves the data directory now; changes nothing."""
    try:
        with (data_dir / "serve.lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
