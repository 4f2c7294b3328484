"""On which disks a folder lies, as Linux says; reads nothing of what is on them.

A partition, an encrypted or a logical volume, an image in a file is followed to the disks beneath: two
of them on one disk fail together.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

_BLOCK = Path("/sys/dev/block")
_MOUNTS = Path("/proc/self/mountinfo")
_MEMORY = ("tmpfs", "ramfs", "devtmpfs")


def share_a_disk(one: Path, other: Path) -> bool:
    """Tell whether two folders lie on one disk, as far as can be known; blocking, as long as disks do.

    What hides its disks, as a share of another machine does, is compared as a whole.
    """
    try:
        return not disks_of(one).isdisjoint(disks_of(other))
    except OSError:  # one of them is not there, which others notice
        return False


def lies_in_memory(folder: Path) -> bool:
    """Tell whether a folder is lost with the power: a tmpfs, as many systems have at /tmp."""
    try:
        return _mount(folder)[0] in _MEMORY
    except OSError:
        return False


def disks_of(folder: Path) -> frozenset[str]:
    """Return the names of a folder's disks, or the number of what it lies on where it hides them.

    Raises:
        OSError: it is not there, or its disk does not answer.
    """
    number = _number(folder.stat().st_dev)
    block = _BLOCK / number
    if not block.exists() and (source := _source(folder)) is not None:
        number = _number(source)
        block = _BLOCK / number
    return frozenset(beneath(block.resolve())) if block.exists() else frozenset({number})


def beneath(block: Path) -> Iterator[str]:
    """Give the disks beneath a block device, by its folder below `/sys/devices`."""
    if (block / "partition").exists():
        yield from beneath(block.parent)
        return
    image = block / "loop" / "backing_file"
    if image.exists():
        try:
            yield from disks_of(Path(image.read_text(encoding="utf-8").rstrip("\n")))
        except (OSError, UnicodeDecodeError):  # deleted, or seen from another root
            yield block.name
        return
    slaves = block / "slaves"
    below = sorted(slaves.iterdir()) if slaves.is_dir() else []
    if not below:
        yield block.name
    for each in below:
        yield from beneath(each.resolve())


def _number(device: int) -> str:
    return f"{os.major(device)}:{os.minor(device)}"


def _source(folder: Path) -> int | None:
    """Return the device of the mount that holds a folder: parts of a btrfs have numbers of their own."""
    source = _mount(folder)[1]
    try:
        found = Path(source).stat() if source.startswith("/") else None
    except OSError:
        return None
    return found.st_rdev if found is not None and stat.S_ISBLK(found.st_mode) else None


def _mount(folder: Path) -> tuple[str, str]:
    """Return kind and source of the mount that holds a folder."""
    resolved = folder.resolve()
    best: tuple[int, str, str] = (-1, "", "")
    for line in _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        before, _, after = line.partition(" - ")
        point, (kind, source) = Path(_plain(before.split()[4])), after.split()[:2]
        if resolved.is_relative_to(point) and len(point.parts) >= best[0]:
            best = (len(point.parts), kind, _plain(source))
    return best[1:]


def _plain(escaped: str) -> str:
    """Return a name of `mountinfo` with its blanks (proc(5): octal escapes)."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        escaped = escaped.replace(code, character)
    return escaped
