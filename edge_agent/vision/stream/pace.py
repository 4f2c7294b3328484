"""Whether the numbers of pictures go on as their times do: what both leave out is missing; pure."""

from collections import deque
from statistics import median

MOST_STEPS, LEAST_STEPS = 9, 5
"""From one number to the next: so many are remembered, and so few show how long one takes."""
TRUSTED_PICTURES, MOST_PICTURES, ASTRAY_PICTURES = 15, 60, 10
"""So many whose numbers went on as their times did show that this camera counts what it sends; what is
remembered of them; and how many of them one outweighs that did not."""


class Pace:
    """Follows one stream. Tell of every picture in decoding order."""

    def __init__(self, nominal_fps: float) -> None:
        """Prepare; the stream names a rate, which counts while nothing better is known; 0: none."""
        self._nominal_s = 1.0 / nominal_fps if nominal_fps > 0.0 else None
        self._steps_s: deque[float] = deque(maxlen=MOST_STEPS)
        self._trust = 0

    @property
    def _spacing_s(self) -> float | None:
        if len(self._steps_s) < LEAST_STEPS:
            return self._nominal_s
        return median(self._steps_s)

    def leaves_out(self, step_s: float, last: int, number: int, count: int) -> int:
        """Return how many pictures are missing between two, by their times as by their numbers.

        Args:
            step_s: how much later the second is shown.
            last: the number of the first.
            number: that of the second.
            count: how many numbers there are; after the highest comes 0, as with a keyframe.
        """
        spacing_s = self._spacing_s
        numbers = (number - last) % count
        if numbers == 1 and step_s > 0.0:
            self._steps_s.append(step_s)
        if spacing_s is None:
            return 0
        pictures = round(step_s / spacing_s)
        # With a keyframe that is missing too, numbers began anew.
        agrees = pictures > 0 and (pictures % count == numbers or number < pictures)
        trust, self._trust = self._trust, self._trust + (1 if agrees else -ASTRAY_PICTURES)
        self._trust = min(max(0, self._trust), MOST_PICTURES)
        return pictures - 1 if agrees and trust >= TRUSTED_PICTURES else 0
