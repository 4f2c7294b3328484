"""The product's main job on real input: bags left in a corridor and in a station.

Reads the footage folder (`FOOTAGE`, by default `../shared/footage` beside the project) and the
scorer in `tools/` beside it; both belong to no one project and are never copied.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
FOOTAGE = Path(os.environ.get("FOOTAGE", PROJECT.parent / "shared" / "footage"))
SCORER = FOOTAGE.parent / "tools" / "score_events.py"
UNATTENDED_S = 5.0

pytestmark = [
    pytest.mark.footage,
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        not (FOOTAGE / "manifest.yaml").is_file() or not SCORER.is_file(),
        reason=f"NO FOOTAGE at {FOOTAGE}: the detector was NOT tried on real recordings",
    ),
]


def entry_of(clip_id: str) -> dict[str, Any]:
    clips = yaml.safe_load((FOOTAGE / "manifest.yaml").read_text("utf-8"))["clips"]
    return next(clip for clip in clips if clip["id"] == clip_id)


def encode_again(source: Path, target: Path, fps: float) -> Path:
    """Encode as a camera does: GOP 2 s, no B-frames."""
    gop = str(round(2 * fps))
    codec = ("-an", "-c:v", "libx264", "-bf", "0", "-preset", "veryfast")
    keyframes = ("-g", gop, "-keyint_min", gop, "-sc_threshold", "0")
    ffmpeg = ("ffmpeg", "-v", "error", "-i", source, *codec, *keyframes, target)
    subprocess.run(ffmpeg, check=True)
    return target


def score(clip_id: str, video: Path, folder: Path) -> dict[str, Any]:
    """Replay a recording as the command does and score what it wrote."""
    entry = entry_of(clip_id)
    (folder / "manifest.yaml").write_text(yaml.safe_dump({"clips": [entry]}), "utf-8")
    output = folder / f"{clip_id}.jsonl"
    replay = ["-m", "edge_agent", "replay", str(video), "--unattended-s", str(UNATTENDED_S)]
    subprocess.run([sys.executable, *replay, "--output", str(output)], check=True)
    scorer = (sys.executable, SCORER, "--manifest", folder / "manifest.yaml", "--json")
    options = ("--predictions", folder, "--unattended-s", str(UNATTENDED_S))
    judged = subprocess.run((*scorer, *options), check=True, capture_output=True, text=True)
    scored: dict[str, Any] = json.loads(judged.stdout)["clips"][clip_id]
    return scored


@pytest.mark.parametrize("encoding", ["as recorded", "GOP 2 s"])
@pytest.mark.parametrize("clip_id", ["aboda-v1-corridor", "pets2006-s1-station"])
def test_the_left_bag_is_found_on_time(clip_id: str, encoding: str, tmp_path: Path) -> None:
    """One alarm at the bag, neither while its owner is there nor for anything else."""
    entry = entry_of(clip_id)
    video = FOOTAGE / entry["file"]
    if encoding == "GOP 2 s":
        video = encode_again(video, tmp_path / "again.mp4", entry["fps"])
    scored = score(clip_id, video, tmp_path)
    assert scored["tp"] == 1
    assert scored["on_time_recall"] == 1.0
    assert (scored["fp"], scored["premature"], scored["hasty"]) == (0, 0, 0)
    assert scored["motion_precision"] >= 0.9
    assert scored["motion_recall"] >= 0.85
