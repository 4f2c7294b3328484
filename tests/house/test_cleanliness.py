"""Nothing of one machine, of a registry or of a camera is committed."""

import re

from tests.house.project import list_files, place

# Spelled in pieces, so that this file does not hold what it looks for.
REGISTRIES = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com")
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:work|root|home|Users)/[\w.]")
MEDIA = {
    ".mp4", ".avi", ".mkv", ".webm", ".mov", ".h264", ".jpg", ".jpeg", ".gif", ".webp",
    ".wav", ".ogg", ".opus", ".mp3", ".flac",
}  # fmt: skip
LARGEST_BYTES = 1_000_000


def test_no_registry_is_named() -> None:
    """Locks hold hashes, not the addresses of whoever served the packages."""
    guilty = {
        (place(path), host)
        for path in list_files()
        for host in REGISTRIES
        if host.encode() in path.read_bytes()
    }
    assert guilty == set()


def test_no_path_of_one_machine_is_named() -> None:
    """The project works wherever it lies."""
    guilty = {
        (place(path), number)
        for path in list_files()
        for number, line in enumerate(_lines(path), start=1)
        if MACHINE_PATH.search(line)
    }
    assert guilty == set()


def test_no_footage_is_committed() -> None:
    """Pictures of people stay out; only the screenshots of the documents are pictures."""
    guilty = [
        place(path)
        for path in list_files()
        if path.suffix.lower() in MEDIA
        or (path.suffix.lower() == ".png" and not place(path).startswith("docs/images/"))
    ]
    assert guilty == []


def test_no_file_is_heavy() -> None:
    """A clone over a weak line takes seconds."""
    heavy = {place(p): p.stat().st_size for p in list_files() if p.stat().st_size > LARGEST_BYTES}
    assert heavy == {}


def _lines(path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []  # a picture; what is in it is for test_no_footage_is_committed
