"""The documents tell the truth: links lead somewhere, every dependency has its reason."""

import json
import re
import tomllib

from tests.house.project import ROOT, list_files, place

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
REQUIREMENT = re.compile(r"^[A-Za-z0-9._-]+")


def test_relative_links_lead_somewhere() -> None:
    """No document points at a file that is not there."""
    broken = [
        f"{place(document)}: {target}"
        for document in list_files(".md")
        for target in LINK.findall(_without_code(document.read_text(encoding="utf-8")))
        if not target.startswith(("http:", "https:", "mailto:", "#"))
        and not (document.parent / target.partition("#")[0]).exists()
    ]
    assert broken == []


def test_every_dependency_has_its_reason() -> None:
    """docs/dependencies.md has a row for each Python, npm and distribution package, and no other."""
    rows = re.findall(r"^\| `([^`]+)` \|", _read("docs/dependencies.md"), flags=re.MULTILINE)
    wanted = {*_python_packages(), *_npm_packages(), *_distribution_packages()}
    assert {row.lower() for row in rows} == {name.lower() for name in wanted}
    assert len(rows) == len(set(rows))


def test_every_dependency_row_names_licence_and_reason() -> None:
    """A row without licence or reason says nothing."""
    for line in _read("docs/dependencies.md").splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert [bool(cell) for cell in cells] == [True, True, True], line


def test_locks_hold_every_dependency_with_hashes() -> None:
    """What pyproject.toml asks for is pinned, and the tests' lock contains the product's."""
    run, dev = _lock("requirements.lock"), _lock("requirements-dev.lock")
    project = tomllib.loads(_read("pyproject.toml"))["project"]
    assert {_name(r) for r in project["dependencies"]} <= {_pin_name(pin) for pin in run}
    assert {_name(r) for r in project["optional-dependencies"]["dev"]} <= {
        _pin_name(pin) for pin in dev
    }
    assert set(run) <= set(dev)
    assert [pin for pin, hashes in (run | dev).items() if not hashes] == []


def test_web_assets_are_locked_without_addresses() -> None:
    """package-lock.json pins what package.json asks for, by content only."""
    wanted = json.loads(_read("package.json"))["dependencies"]
    locked = json.loads(_read("package-lock.json"))["packages"]
    for name, version in wanted.items():
        entry = locked[f"node_modules/{name}"]
        assert entry["version"] == version, "package.json names exact versions"
        assert entry["integrity"].startswith("sha512-")
    assert [name for name, entry in locked.items() if "resolved" in entry] == []


def test_every_make_target_is_explained() -> None:
    """`make help` lists all there is."""
    makefile = _read("Makefile")
    targets = re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.*## ", makefile, flags=re.MULTILINE)
    assert targets == explained


def _python_packages() -> set[str]:
    project = tomllib.loads(_read("pyproject.toml"))["project"]
    return {_bare(r) for r in [*project["dependencies"], *project["optional-dependencies"]["dev"]]}


def _npm_packages() -> set[str]:
    return set(json.loads(_read("package.json"))["dependencies"])


def _distribution_packages() -> set[str]:
    lines = _read("scripts/apt-packages").splitlines()
    return {line.split()[1] for line in lines if line and not line.startswith("#")}


def _lock(name: str) -> dict[str, list[str]]:
    pins: dict[str, list[str]] = {}
    current: list[str] = []
    for line in _read(name).splitlines():
        if line and not line.startswith((" ", "#")):
            current = pins.setdefault(line.removesuffix("\\").strip(), [])
        else:
            current += re.findall(r"--hash=(sha256:[0-9a-f]{64})", line)
    return pins


def _bare(requirement: str) -> str:
    found = REQUIREMENT.match(requirement)
    assert found, requirement
    return found.group()


def _name(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", _bare(requirement)).lower()


def _pin_name(pin: str) -> str:
    return _name(pin.partition("==")[0])


def _without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")
