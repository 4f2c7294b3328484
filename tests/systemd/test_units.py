"""The units are hardened, well-formed and agree with the documents and samples beside them."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "systemd").glob("*.service"))
LONG_RUNNING = [unit for unit in UNITS if "Type=notify" in unit.read_text()]
WORST_EXPOSURE = 2.0


def test_both_programs_have_a_unit() -> None:
    """The centre and the gateway agent run under systemd with a watchdog, as nobody special."""
    for name in ("ioc", "edge-agent"):
        text = (ROOT / "systemd" / f"{name}.service").read_text()
        assert "Type=notify" in text
        assert re.search(r"^WatchdogSec=\d+", text, flags=re.MULTILINE)
        assert re.search(r"^(DynamicUser=yes|User=\w+)", text, flags=re.MULTILINE)
        assert f"StateDirectory={name}" in text
        assert "LoadCredential=" in text


@pytest.mark.parametrize("unit", LONG_RUNNING, ids=lambda unit: unit.stem)
def test_unit_is_hardened(unit: Path) -> None:
    """systemd's own judgement of the exposure is 2.0 or better."""
    report = _analyze("security", "--offline=true", unit)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", report.stdout)
    assert found, report.stdout + report.stderr
    assert float(found.group(1)) <= WORST_EXPOSURE


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_unit_has_no_unknown_lines(unit: Path) -> None:
    """systemd knows every section and key (it says so on stderr, and carries on)."""
    report = _analyze("verify", "--man=no", "--recursive-errors=no", unit)
    complaints = [
        line
        for line in report.stderr.splitlines()
        if unit.name in line and "is not executable" not in line
    ]
    assert complaints == []


def test_units_start_programs_that_exist() -> None:
    """Every program of ours that a unit starts is one the project installs."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    started = {
        name
        for unit in UNITS
        for name in re.findall(r"/opt/commune-ioc/\.venv/bin/([\w-]+)", unit.read_text())
    }
    assert started == set(scripts)


def test_every_unit_is_in_the_readme() -> None:
    """The installation page names every unit that runs for long."""
    readme = (ROOT / "systemd" / "README.md").read_text()
    for unit in [*LONG_RUNNING, *(ROOT / "systemd").glob("*.path")]:
        assert f"`{unit.name}`" in readme


def test_gateway_sample_uses_the_credentials_of_the_unit() -> None:
    """Each secret the sample gateway names is one that the unit hands over."""
    loaded = re.findall(
        r"^LoadCredential=([\w-]+):",
        (ROOT / "systemd/edge-agent.service").read_text(),
        re.MULTILINE,
    )
    sample = (ROOT / "config" / "gateway.yaml").read_text()
    named = re.findall(r"^\s*(?:password_file|token_file): (\S+)", sample, flags=re.MULTILINE)
    assert named
    assert {name.partition("/")[0] for name in named} <= set(loaded)


def _analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is missing: run `scripts/setup test`"
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, env={"LC_ALL": "C"}
    )
