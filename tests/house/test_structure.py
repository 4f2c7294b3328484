"""Arrows, sizes and names of the house."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.project import PACKAGES, ROOT, list_files, place

VAGUE_NAMES = {"utils", "util", "common", "manager", "helper", "helpers", "handler", "misc"}
LONGEST_MODULE = 400


@pytest.mark.timeout(60)
def test_imports_follow_the_arrows() -> None:
    """No room imports what the house forbids it to import."""
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_modules_can_be_read_at_one_sitting() -> None:
    """No module is longer than 400 lines."""
    lengths = {
        place(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in list_files(".py", ".js", ".css")
    }
    assert lengths, "no modules found: the test looks in the wrong place"
    assert {name: n for name, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_modules_are_named_after_what_they_own() -> None:
    """No module is called utils, common, manager, helper or handler."""
    modules = [path for path in list_files(".py") if place(path).split("/")[0] in PACKAGES]
    assert [place(path) for path in modules if VAGUE_NAMES & set(_words(path))] == []


def test_modules_say_what_they_own() -> None:
    """Every module of the product begins with its sentence."""
    silent = [
        place(path)
        for path in list_files(".py")
        if place(path).split("/")[0] in PACKAGES
        and not path.read_text(encoding="utf-8").startswith(('"""', "#!"))
    ]
    assert silent == []


def test_topics_are_spelled_in_one_place() -> None:
    """Only contracts/topics.py knows how a topic is written."""
    spelled = "ioc/" + "v1"
    owners = {
        place(path)
        for path in list_files(".py", ".js", ".html", ".conf", ".yaml", ".service", ".json")
        if spelled in path.read_text(encoding="utf-8") and not place(path).startswith("tests/")
    }
    assert owners <= {"contracts/topics.py"}


def _words(path: Path) -> list[str]:
    return [
        word for part in path.relative_to(ROOT).with_suffix("").parts for word in part.split("_")
    ]
