"""What a stranger types is there, runs, and knows what it needs."""

import os
import re
import subprocess

import pytest

from tests.house.project import ROOT, list_files, place

SCRIPTS = ("scripts/setup", ".ci/run")
PROBES = re.compile(r"-|browser|command:[\w-]+|python:\w+")


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_is_executable_and_parses(name: str) -> None:
    """A clone can run the script at once."""
    assert os.access(ROOT / name, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / name], check=True)
    assert "set -euo pipefail" in (ROOT / name).read_text()


def test_continuous_integration_runs_what_people_run() -> None:
    """.ci/run is `make test`, nothing else."""
    assert (ROOT / ".ci/run").read_text().rstrip().endswith("exec make test")


def test_unknown_group_is_refused() -> None:
    """scripts/setup does nothing where it does not understand."""
    result = subprocess.run(
        [ROOT / "scripts/setup", "everything"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "usage" in result.stderr


def test_distribution_packages_are_listed_whole() -> None:
    """Every line of scripts/apt-packages has a group, a package, a probe and a reason."""
    lines = (ROOT / "scripts/apt-packages").read_text().splitlines()
    rows = [line.split(maxsplit=3) for line in lines if line and not line.startswith("#")]
    assert rows
    for row in rows:
        group, _package, probe, _reason = row
        assert group in {"run", "test", "bench"}
        assert PROBES.fullmatch(probe), row


def test_pages_use_only_web_assets_that_the_set_up_brings() -> None:
    """What a page loads from static/vendor is in scripts/web-assets, and nothing is idle there."""
    rows = (ROOT / "scripts/web-assets").read_text().splitlines()
    brought = {row.split()[1] for row in rows if row and not row.startswith("#")}
    used = {
        name
        for path in list_files(".html", ".js", ".py")
        if place(path).startswith("ioc/web/")
        for name in re.findall(r"vendor/([\w./-]+\.(?:js|css))", path.read_text(encoding="utf-8"))
    }
    assert used <= brought
    assert {name for name in brought if name.endswith((".js", ".css"))} <= used
