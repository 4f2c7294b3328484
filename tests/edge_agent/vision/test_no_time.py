"""Cameras that share the threads of one child, while there is no time for their pictures."""

import time
from itertools import count
from pathlib import Path
from queue import Queue
from threading import Event

import pytest

from edge_agent.vision.camera import Camera, Crew
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import AnyFinding, Health, LitteringConfirmed, Lost
from edge_agent.vision.intake.rounds import Rounds
from edge_agent.vision.intake.turns import Turns
from tests.edge_agent.vision.stage import deposit
from tests.edge_agent.vision.test_bad_streams import encode, served
from tests.edge_agent.vision.vision_process import watch, write_clip


@pytest.mark.timeout(60)
def test_a_camera_that_sends_no_keyframe_any_more_is_lost_not_blind(tmp_path: Path) -> None:
    """Its pictures had to be left out for a while; no other camera suffers by it."""
    endless = encode(tmp_path / "endless.ts", until_s=90, options="keyint=infinite:min-keyint=999")
    clip = write_clip(tmp_path / "bag.mp4", deposit(), until_s=25)
    said: Queue[AnyFinding] = Queue()
    free, clock = Event(), count(1_000.0, 0.1)
    turns = Turns(workers=1)
    crew = Crew(rounds=Rounds(after=turns.begin), turns=turns)

    def say(finding: AnyFinding) -> None:
        if isinstance(finding, Health) and finding.dropped_frames:
            free.set()
        said.put(finding)

    # Somebody's turn takes long.
    turns.take(lambda: free.wait(30))
    heard: list[AnyFinding] = []
    lost: dict[str, Lost] = {}
    with served(endless.read_bytes()) as uri:
        Camera(watch("endless", uri), EvidenceRoom(), crew, say, lambda: next(clock)).start()
        Camera(watch("gate", clip), EvidenceRoom(), crew, say, time.monotonic).start()
        while len(lost) < 2:
            heard.append(said.get(timeout=30))
            if isinstance(heard[-1], Lost):
                lost[heard[-1].camera_id] = heard[-1]
    turns.stop()
    assert lost["endless"].reason == "undecodable"
    assert "no keyframe came for 30 s" in lost["endless"].detail
    assert lost["gate"].reason == "ended"
    bags = [finding for finding in heard if isinstance(finding, LitteringConfirmed)]
    assert [bag.camera_id for bag in bags] == ["gate"]
