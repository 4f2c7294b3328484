"""What a replay prints: a line for each finding; decides nothing."""

import json
from typing import TextIO

from edge_agent.vision.findings import (
    AnyFinding,
    Degraded,
    LitteringConfirmed,
    MotionEnded,
    PresenceEnded,
    PresenceStarted,
    Recovered,
    Seen,
)
from edge_agent.vision.orders import Box


class Lines:
    """Writes findings as JSON lines, and the camera's troubles for people.

    Lines are `{"type": "littering", …}` when an object is confirmed, `{"type": "motion", …}` when
    motion ends, and one named after the zone's purpose when nobody is there any more; the scorer
    reads the first two, and only zones of a configuration give others. Boxes are pixels of the
    recording. Troubles wait for the first picture: of a recording without any, that is all there
    is to say.
    """

    def __init__(self, output: TextIO, troubles: TextIO) -> None:
        self._output = output
        self._troubles = troubles
        self._waiting: list[str] | None = []
        """Troubles from before the first picture; None: it came."""
        self._width_px, self._height_px = 1, 1
        self._present: dict[str, PresenceStarted] = {}

    def write(self, said: list[AnyFinding]) -> None:
        """Write those that have a line."""
        for finding in said:
            match finding:
                case Seen():
                    self._width_px, self._height_px = finding.width_px, finding.height_px
                    self.tell_waiting()
                case LitteringConfirmed():
                    self._put(self._littering(finding))
                case MotionEnded():
                    self._put({"type": "motion"} | _span(finding))
                case PresenceStarted():
                    self._present[finding.object_id] = finding
                case PresenceEnded():
                    self._put(self._presence(finding))
                case Degraded() | Recovered():
                    self._tell(finding)
                case _:
                    pass

    def tell_waiting(self) -> None:
        """Write the troubles that wait for a picture, and later ones at once."""
        waiting, self._waiting = self._waiting, None
        for line in waiting or ():
            self._troubles.write(line)

    def _littering(self, finding: LitteringConfirmed) -> dict[str, object]:
        left_at_s = finding.left_at_s
        return {
            "type": "littering",
            "t_confirmed_s": round(finding.at_s, 3),
            "t_left_s": None if left_at_s is None else round(max(0.0, left_at_s), 3),
            "bbox": self._pixels(finding.box),
            "score": round(finding.score, 3),
            "reasons": list(finding.reasons),
        }

    def _presence(self, ended: PresenceEnded) -> dict[str, object]:
        line = {"type": ended.purpose, "zone": ended.zone} | _span(ended)
        started = self._present.pop(ended.object_id, None)
        return line if started is None else line | {"bbox": self._pixels(started.box)}

    def _pixels(self, box: Box) -> list[float]:
        left, top, width, height = box
        scale_x, scale_y = self._width_px, self._height_px
        return [
            round(left * scale_x, 1),
            round(top * scale_y, 1),
            round(width * scale_x, 1),
            round(height * scale_y, 1),
        ]

    def _put(self, line: dict[str, object]) -> None:
        self._output.write(json.dumps(line, ensure_ascii=False) + "\n")

    def _tell(self, finding: Degraded | Recovered) -> None:
        what = f"until {finding.at_s:.0f} s"
        if isinstance(finding, Degraded):
            what = f"from {finding.at_s:.0f} s: {finding.detail}"
        line = f"edge-agent replay: camera {finding.condition} {what}\n"
        if self._waiting is None:
            self._troubles.write(line)
        else:
            self._waiting.append(line)


def _span(ended: MotionEnded | PresenceEnded) -> dict[str, object]:
    start_s = ended.at_s - ended.duration_s
    return {"t_start_s": round(max(0.0, start_s), 3), "t_end_s": round(ended.at_s, 3)}
