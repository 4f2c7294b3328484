"""Scores `edge-agent replay` against the footage folder; prints JSON lines.

One configuration for all clips: the whole picture is a no-dumping zone, five seconds alone. The
footage (`$FOOTAGE`, by default `../shared/footage` beside the project) and its scorer belong to no
one project; without them this benchmark says so and measures nothing.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[1]
FOOTAGE = Path(os.environ.get("FOOTAGE", PROJECT.parent / "shared" / "footage"))
MANIFEST = FOOTAGE / "manifest.yaml"
SCORER = FOOTAGE.parent / "tools" / "score_events.py"
UNATTENDED_S = 5.0
WORKERS = 2
HOURS_PER_DAY = 24.0
COUNTS = ("events", "ignored", "tp", "fn", "fp", "duplicates", "premature", "hasty")
RATES = ("on_time_recall", "median_delay_s", "motion_precision", "motion_recall")


def replay(clip: dict[str, Any], folder: Path) -> dict[str, float]:
    """Write what the agent says about one clip; return what it cost."""
    command = [sys.executable, "-m", "edge_agent", "replay", str(FOOTAGE / clip["file"])]
    command += ["--unattended-s", str(UNATTENDED_S)]
    command += ["--output", str(folder / f"{clip['id']}.jsonl")]
    shown = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    cost: dict[str, float] = json.loads(shown.splitlines()[-1])
    sys.stderr.write(f"littering: {clip['id']} took {cost['cpu_s']:.1f} s of CPU\n")
    return cost


def judge(folder: Path) -> dict[str, Any]:
    """Return what the scorer says about the predictions in the folder."""
    command = [sys.executable, str(SCORER), "--manifest", str(MANIFEST), "--json"]
    command += ["--predictions", str(folder), "--unattended-s", str(UNATTENDED_S)]
    judged: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    )
    return judged


def row(
    measure: str,
    value: float | None,
    unit: str,
    target: float | None = None,
    *,
    met: bool | None = None,
) -> dict[str, Any]:
    """Return one result; `met` is None where nothing is promised."""
    return {
        "bench": "littering",
        "measure": measure,
        "value": None if value is None else round(value, 4),
        "unit": unit,
        "target": target,
        "met": met,
    }


def totals(judged: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows over all clips together."""
    total = judged["totals"]["all"]
    f1, on_time = total["f1"] or 0.0, total["on_time_recall"] or 0.0
    on_negatives = total.get("negatives_fp", 0)
    yield row("f1", f1, "1", 0.85, met=f1 >= 0.85)
    yield row("on_time_recall", on_time, "1", 0.9, met=on_time >= 0.9)
    yield row("premature", total["premature"], "alarms", 0, met=total["premature"] == 0)
    yield row("false_alarms_on_negatives", on_negatives, "alarms", 2, met=on_negatives <= 2)
    per_day = HOURS_PER_DAY * (total["false_alarms_per_hour"] or 0.0)
    yield row("false_alarms_per_camera_day", per_day, "alarms/d")
    yield row("footage", total["footage_ms"] / 1000.0, "s")
    yield row("precision", total["precision"], "1")
    yield row("recall", total["recall"], "1")
    yield row("median_delay", total["median_delay_s"], "s")
    yield row("motion_precision", total["motion_precision"], "1")
    yield row("motion_recall", total["motion_recall"], "1")


def per_clip(judged: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one row per clip: misses, false and premature alarms, with what they consist of."""
    for clip_id, scored in judged["clips"].items():
        errors = scored["fn"] + scored["fp"] + scored["premature"]
        detail = {key: scored[key] for key in COUNTS + RATES}
        yield row(f"errors:{clip_id}", errors, "errors", 0, met=errors == 0) | detail


def main() -> None:
    """Replay every clip, score, report."""
    if not MANIFEST.is_file() or not SCORER.is_file():
        reason = f"no footage at {FOOTAGE}: NOTHING was measured; set FOOTAGE to the folder"
        sys.stderr.write(f"littering: {reason}\n")
        sys.stdout.write(json.dumps(row("f1", None, "1", 0.85) | {"skipped": reason}) + "\n")
        return
    clips = yaml.safe_load(MANIFEST.read_text("utf-8"))["clips"]
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(WORKERS) as pool:
        folder = Path(name)
        costs = list(pool.map(lambda clip: replay(clip, folder), clips))
        judged = judge(folder)
    spent = sum(c["cpu_s"] for c in costs) / sum(c["stream_s"] for c in costs)
    rows = [*totals(judged), row("cpu_s_per_stream_s", spent, "s/s"), *per_clip(judged)]
    for line in rows:
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
