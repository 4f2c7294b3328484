"""Leaves out a keyframe now and then before a scene at rest that nobody is known to visit briefly.

Nothing in the stream vouches for such a keyframe; the length of visits does: who is there for
longer than two keyframes are apart is seen by one of those around it, and looked back at. Pure: no
I/O, no clock.
"""

REST_S = 60.0
"""Nothing has stirred for so long: where somebody is about, every keyframe counts."""
LOOKED_AT = 4
"""So many pictures are looked at before a keyframe is left out, at rest one for each keyframe: so never
are two in a row."""
BRIEF_S = 6.0
"""Twice the longest distance of keyframes by which a scene is watched, and a second for what is not
known of a visit's beginning and end: who stays so long is met, unless a keyframe is lost besides."""
REMEMBERED_S = 86_400.0
"""After a brief visit no keyframe is left out for a day: what passes there passes again."""


class Sparing:
    """What is known of the rest of one scene and of visits to it."""

    def __init__(self) -> None:
        self._rest_since_s: float | None = None
        self._wary_until_s = float("-inf")
        self._looked_at = 0

    def note(self, t_s: float, *, moving: bool) -> None:
        """Take whether anything stirred in the next picture that is looked at."""
        if moving:
            self._rest_since_s, self._looked_at = None, 0
        else:
            self._rest_since_s = t_s if self._rest_since_s is None else self._rest_since_s
            self._looked_at += 1

    def note_visit(self, came_s: float, left_s: float) -> None:
        """Note that somebody was there, long enough to be told, and was watched to the end."""
        if left_s - came_s < BRIEF_S:
            self._wary_until_s = left_s + REMEMBERED_S

    def allows(self, t_s: float) -> bool:
        """Whether a keyframe shown then may be left out."""
        if self._rest_since_s is None or self._looked_at < LOOKED_AT:
            return False
        return t_s - self._rest_since_s >= REST_S and t_s >= self._wary_until_s

    def note_unseen(self) -> None:
        """Note that a keyframe is left out or shows nothing, for whatever reason."""
        self._looked_at = 0

    def look_away(self) -> None:
        """Note that nobody saw what came up to now: rest begins anew, brief visits are remembered."""
        self._rest_since_s, self._looked_at = None, 0
