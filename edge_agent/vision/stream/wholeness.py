"""Which pictures are whole, so that they can be looked at, and for how long none has been; pure."""

import math

from edge_agent.vision.stream.lost import KEYFRAME_WAIT_S, SourceLost

TORN_S = 5.0
"""What is predicted from a broken picture is not looked at up to the next keyframe, nor longer than
this: by then most of it has been sent anew."""
SHORTEN = "shorten its interval"
"""What helps where a keyframe is waited for."""


class Wholeness:
    """Follows one stream in decoding order."""

    def __init__(self) -> None:
        self._torn_until_s = -math.inf
        """Pictures shown before it are predicted from one that is broken or missing."""
        self._blind_since_s: float | None = None
        """Since when no packet gave a whole picture; None: the last one did."""

    def is_torn(self, t_s: float) -> bool:
        """Whether a picture shown then is predicted from one that is broken or missing."""
        return t_s < self._torn_until_s

    def tear(self, t_s: float) -> None:
        """Note that a packet gave a broken picture."""
        self._torn_until_s = max(self._torn_until_s, t_s + TORN_S)

    def lack(self) -> None:
        """Note that a picture is missing: only a keyframe mends that."""
        self._torn_until_s = math.inf

    def mend(self, t_s: float) -> None:
        """Note that a keyframe is shown then: nothing from it on is torn by what came before."""
        self._torn_until_s = min(self._torn_until_s, t_s)

    def see(self) -> None:
        """Note a whole picture."""
        self._blind_since_s = None

    def go_on(self, t_s: float) -> None:
        """Go on at a packet, be its picture torn, but not for ever.

        Raises:
            SourceLost: not one picture has been whole for too long.
        """
        if not self.is_torn(t_s):
            return
        if self._torn_until_s == math.inf:
            why = f"pictures are missing, and no keyframe came for {KEYFRAME_WAIT_S:.0f} s"
            self.bear(t_s, f"{why}: {SHORTEN}")
        else:
            self.bear(t_s, f"not one picture of the last {KEYFRAME_WAIT_S:.0f} s came out whole")

    def bear(self, t_s: float, why: str) -> None:
        """Go without a whole picture, but not for ever: without its keyframe no other can be decoded.

        Raises:
            SourceLost: with this reason, if there has been none for too long.
        """
        if self._blind_since_s is None:
            self._blind_since_s = t_s
        if t_s - self._blind_since_s > KEYFRAME_WAIT_S:
            raise SourceLost("undecodable", why)
