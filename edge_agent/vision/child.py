"""The vision child: watches cameras as ordered and says what it finds; speaks only over its pipe."""

import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import TextIO

import av.logging
import cv2
import structlog
from pydantic import ValidationError

from edge_agent.vision.camera import Camera, Crew
from edge_agent.vision.evidence.room import EvidenceRoom, open_room
from edge_agent.vision.findings import AnyFinding, Lost
from edge_agent.vision.intake.rounds import Rounds
from edge_agent.vision.intake.turns import Turns
from edge_agent.vision.memory import collect_seldom, keep_together
from edge_agent.vision.orders import ORDER, Forget, Watch

_log = structlog.get_logger(__name__)


def quiet_libraries() -> None:
    """Let each analysis thread be one thread, and keep libav from printing addresses."""
    cv2.setNumThreads(1)
    av.logging.set_level(av.logging.PANIC)


class Voice:
    """Writes findings, one line each, from any thread."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._lock = Lock()

    def say(self, finding: AnyFinding) -> None:
        """Write one finding at once.

        Raises:
            BrokenPipeError: the agent is gone.
        """
        line = finding.model_dump_json()
        with self._lock:
            self._output.write(line + "\n")
            self._output.flush()


class Vision:
    """All cameras of one child."""

    def __init__(self, room: EvidenceRoom, voice: Voice) -> None:
        self._room = room
        self._voice = voice
        self._turns = Turns(workers=os.cpu_count() or 1)
        self._crew = Crew(rounds=Rounds(after=self._turns.begin), turns=self._turns)
        self._cameras: dict[str, Camera] = {}

    def obey(self, orders: Iterable[str]) -> None:
        """Follow orders until their end, then stop everything."""
        try:
            for line in orders:
                if line.strip():
                    self._obey(line)
        finally:
            self.stop()

    def _obey(self, line: str) -> None:
        try:
            order = ORDER.validate_json(line)
        except ValidationError as error:
            # The line may hold a password: say where it is wrong, never what it says.
            wrong = [(e["type"], ".".join(map(str, e["loc"]))) for e in error.errors()]
            _log.error("order_refused", wrong=wrong)
            self._lose_unwatched(line, wrong[0][1])
            return
        self._crew.handovers.give_up_old(time.monotonic())
        match order:
            case Watch():
                self._forget(order.camera_id)
                watched = Camera(order, self._room, self._crew, self._voice.say, time.monotonic)
                self._cameras[order.camera_id] = watched
                watched.start()
            case Forget():
                self._forget(order.camera_id)
            case _:
                if camera := self._cameras.get(order.camera_id):
                    camera.obey(order)

    def _lose_unwatched(self, line: str, where: str) -> None:
        """Say of a camera whose watch cannot begin that it is lost; else it would be waited for."""
        try:
            order = json.loads(line)
        except ValueError:
            return
        match order:
            case {"do": "watch", "camera_id": str(camera_id)}:
                self._forget(camera_id)
                self._voice.say(
                    Lost(
                        camera_id=camera_id,
                        at_s=time.monotonic(),
                        reason="configuration",
                        detail=f"what is ordered of it cannot be: {where}",
                    )
                )
            case _:
                pass

    def _forget(self, camera_id: str) -> None:
        if camera := self._cameras.pop(camera_id, None):
            camera.forget()

    def stop(self) -> None:
        """Forget all cameras and wait until their analysis has stopped."""
        for camera in self._cameras.values():
            camera.forget()
        self._turns.stop()
        self._room.close()


def run(spool: Path, pins: Path, orders: TextIO = sys.stdin, output: TextIO = sys.stdout) -> None:
    """Serve until `orders` end."""
    quiet_libraries()
    keep_together()
    collect_seldom()
    Vision(open_room(spool, pins), Voice(output)).obey(orders)
