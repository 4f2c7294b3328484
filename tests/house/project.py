"""What belongs to the project: the files a commit would hold."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("contracts", "drivers", "edge_agent", "ioc", "simulator")
_BUILT = {".git", ".venv", "node_modules", "var", "build", "vendor", "__pycache__", "out"}


def list_files(*suffixes: str) -> list[Path]:
    """Return the project's files (tracked, or new and not ignored) that end with a suffix."""
    files = _ask_git() if (ROOT / ".git").exists() else _walk()
    return sorted(f for f in files if f.is_file() and (not suffixes or f.suffix in suffixes))


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _ask_git() -> list[Path]:
    command = ["git", "-C", ROOT, "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    answer = subprocess.run(
        [*command, "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / name for name in answer.stdout.split("\0") if name]


def _walk() -> list[Path]:
    found: list[Path] = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in _BUILT and not f.endswith("egg-info")]
        found += [Path(folder) / name for name in names]
    return found
