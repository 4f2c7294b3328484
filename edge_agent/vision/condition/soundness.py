"""Whether a stream that nobody looks at would serve as evidence; pure but for the trial it is given."""

from collections.abc import Callable, Sequence

from edge_agent.vision.condition.flow import Count, Flow
from edge_agent.vision.stream.lost import KEYFRAME_WAIT_S
from edge_agent.vision.stream.packet import Packet

TRY_SOON_S, TRY_SELDOM_S = 5.0, 600.0
"""How often a keyframe is tried: one of four megapixels takes a core 20 ms."""
_WHOLE_IN_A_ROW = 12
"""After one that was broken, so many must be whole before they are tried seldom again."""


class Soundness:
    """Follows one connection's packets."""

    def __init__(self, nominal_fps: float, *, is_whole: Callable[[Packet], bool]) -> None:
        """Prepare; `is_whole` tries to decode a keyframe."""
        self._is_whole = is_whole
        self._flow = Flow(nominal_fps)
        self._keyframe_s: float | None = None
        self._due_s = 0.0
        self._doubts = 0
        """Keyframes that must still be whole."""
        self._tried = self._broken = 0

    def step(self, packets: Sequence[Packet], missing: int) -> str | None:
        """Take what came next, at least one; return what is wrong with the stream, None: nothing.

        `missing` is how many pictures have not come so far, or not as a whole.
        """
        newest_s = packets[-1].t_s
        if self._keyframe_s is None:
            # The first keyframe was decoded when the stream was opened.
            self._keyframe_s, self._due_s = packets[0].t_s, packets[0].t_s + TRY_SOON_S
        for packet in packets:
            if packet.keyframe:
                self._keyframe_s = packet.t_s
                self._try(packet)
        if self._flow.packets(len(packets), newest_s):
            tried = Count(decoded=self._tried, errors=self._broken, missing=missing, drift_s=None)
            self._flow.judge(newest_s, tried)
        if newest_s - self._keyframe_s > KEYFRAME_WAIT_S:
            return f"no keyframe came for {KEYFRAME_WAIT_S:.0f} s: shorten its interval"
        return self._flow.describe("decode_errors") if self._flow.broken else None

    def _try(self, keyframe: Packet) -> None:
        if keyframe.t_s < self._due_s:
            return
        self._tried += 1
        if self._is_whole(keyframe):
            self._doubts = max(0, self._doubts - 1)
        else:
            self._broken += 1
            self._doubts = _WHOLE_IN_A_ROW
        self._due_s = keyframe.t_s + (TRY_SOON_S if self._doubts else TRY_SELDOM_S)
