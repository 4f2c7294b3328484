"""`python -m ioc.backup FILE`: one backup in a process of its own, with the settings on standard input.

Rows are read and compressed for minutes: in the centre itself events would wait for that. Prints one
JSON object: `fault` empty, or a code, with `detail` in English.
"""

import asyncio
import errno
import json
import os
import shutil
import sys
from pathlib import Path

from ioc.backup.checking import check_backup
from ioc.backup.refusals import BackupRefused
from ioc.backup.taking import take_backup
from ioc.clock import SystemClock
from ioc.settings import Settings
from ioc.store.faults import StoreUnavailable

_FULL = (errno.ENOSPC, errno.EDQUOT)
_SPARE_BYTES = 100_000_000
"""For the rows, which are compressed beside the file first, and for whoever else writes there."""


def main() -> int:
    """Take the backup and read it back."""
    os.umask(0o077)
    os.nice(10)
    settings = Settings.model_validate_json(sys.stdin.read())
    path = Path(sys.argv[1])
    fault, detail = _attempt(settings, path)
    sys.stdout.write(json.dumps({"fault": fault, "detail": detail}))
    return 0


def _attempt(settings: Settings, path: Path) -> tuple[str, str]:
    try:
        if lacking := _lacking_bytes(settings.data_dir, path.parent):
            return "disk_full", f"{lacking / 1e6:,.0f} MB more are needed in {path.parent}"
        asyncio.run(take_backup(settings, path, clock=SystemClock()))
    except BackupRefused as error:
        full = isinstance(error.__cause__, OSError) and error.__cause__.errno in _FULL
        return "disk_full" if full else "failed", str(error)
    except (OSError, StoreUnavailable) as error:
        full = isinstance(error, OSError) and error.errno in _FULL
        return "disk_full" if full else "failed", str(error)
    try:
        check_backup(path)
    except BackupRefused as error:
        path.unlink(missing_ok=True)
        return "damaged", str(error)
    return "", ""


def _lacking_bytes(data_dir: Path, folder: Path) -> int:
    """Return how much more room a backup needs than there is; a database of a server is not counted."""
    sizes = [(path.suffix, _size(path)) for path in data_dir.rglob("*")]
    # A database is copied as one moment shows it, beside the file, before it is added.
    copied = max((size for suffix, size in sizes if suffix == ".db"), default=0)
    wanted = copied + sum(size for _, size in sizes)
    return max(0, wanted + _SPARE_BYTES - shutil.disk_usage(folder).free)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:  # deleted meanwhile
        return 0


if __name__ == "__main__":
    sys.exit(main())
