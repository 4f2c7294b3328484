"""A real disk that others filled to the last byte."""

import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
mount -t tmpfs -o size=24m tmpfs "$1" && exec "$2" -m tests.edge_agent.outbox.fill_disk "$1"
"""


@pytest.mark.timeout(60)
def test_events_go_on_being_recorded_on_a_full_disk(tmp_path):
    """Oldest telemetry goes first and is counted; every event is kept or named by a gap."""
    options = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
    if subprocess.run(["unshare", *options, "true"], check=False).returncode:
        pytest.skip("NOT RUN: this machine lets no test mount a small disk (unshare --mount)")
    ran = subprocess.run(
        ["unshare", *options, "sh", "-c", SCRIPT, "sh", tmp_path, sys.executable],
        check=True,
        capture_output=True,
    )
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["first"] == ["disk_full", 0], "telemetry before any event"
    assert told["telemetry_rows"] > 50
    assert told["kept"] + told["dropped"] == told["recorded"] == 1_000
    assert told["kept"] > 900
