"""In what size pictures come, and whether they show the known view in it; pure.

A picture that comes in another size tells at once if it shows what is known. If it does not, it
may be black, or something may just drive past: then some pictures more are waited for, and nobody
looks at the scene meanwhile. Nothing that lies there ends by that.
"""

from enum import StrEnum

from edge_agent.vision.condition.aim import View
from edge_agent.vision.condition.checkup import Checkup
from edge_agent.vision.picture.plane import Luma, Pixels

OTHER_S = 6.0
"""So long pictures must have shown another view before it is taken for one: a lorry passes."""
UNTOLD_S, LONGEST_S = 10.0, 20.0
"""Nobody looks away for longer, whether nothing could be told or it was told once."""
VACANT_S = 10.0
"""So long nothing has moved or lain there before the planes follow the pictures' size."""

Size = tuple[int, int]


class Verdict(StrEnum):
    """What a picture is to the scene."""

    KNOWN = "known"
    AGAIN = "again"
    """It is known, after some that nobody looked at."""
    UNSURE = "unsure"
    """It may show another view: it is not to be looked at."""
    OTHER = "other"


class Framing:
    """The size in which the pictures of one view come, width and height of their own planes."""

    view: View | None = None
    """What was known before the size changed; None: it has not, or that could not be told."""

    def __init__(self, size: Size, checkup: Checkup) -> None:
        self._checkup = checkup
        self.size = size
        """In which the view was known last."""
        self._since_s: float | None = None
        self._other_since_s: float | None = None
        self._vacant_since_s: float | None = None

    @property
    def unsure(self) -> bool:
        """Whether nobody looks, because another view may be shown."""
        return self._since_s is not None

    def step(self, size: Size, plane: Pixels, t_s: float, known: Luma | None) -> Verdict:
        """Take the next picture, in time order, on a plane of the scene, (height, width).

        `known` is what the scene has learned; it is asked for where the size is another.
        """
        if size == self.size:
            return self._accept(size)
        if self._since_s is None:
            self.view = self._checkup.view_of(known, t_s)
        same = self.view is None or self._checkup.recognises(plane, self.view)
        if same:
            return self._accept(size)
        if self._since_s is None:
            self._since_s = t_s
        if same is False:
            if self._other_since_s is None:
                self._other_since_s = t_s
            if t_s - self._other_since_s >= OTHER_S:
                self._accept(size)
                return Verdict.OTHER
        most_s = UNTOLD_S if self._other_since_s is None else LONGEST_S
        return self._accept(size) if t_s - self._since_s >= most_s else Verdict.UNSURE

    def _accept(self, size: Size) -> Verdict:
        waited = self._since_s is not None
        if size != self.size:
            self._checkup.resize()
            self._vacant_since_s = None
        self.size, self._since_s, self._other_since_s = size, None, None
        return Verdict.AGAIN if waited else Verdict.KNOWN

    def may_follow(self, t_s: float, *, vacant: bool) -> bool:
        """Whether a scene may be learned anew in this size, of which each picture is told."""
        if not vacant:
            self._vacant_since_s = None
        elif self._vacant_since_s is None:
            self._vacant_since_s = t_s
        return self._vacant_since_s is not None and t_s - self._vacant_since_s >= VACANT_S
