"""Measures on a patch, between how it looks now and the background behind it. Pure."""

from collections.abc import Iterator

import cv2
import numpy as np

from edge_agent.vision.picture.plane import Luma, Mask

_KERNEL = np.ones((3, 3), np.uint8)
_HALO = np.ones((5, 5), np.uint8)
_AROUND_PX = 2.5
MOVED_LIKENESS, VACATED_SHARE = 0.85, 0.5
"""So alike, and so much of its former place changed: it was pushed."""


def outline(now: Luma, background: Luma, mask: Mask) -> float:
    """Return how much more outline the mask has now than in the background.

    Above 1 something was added, below 1 something was taken away: what is really there has an
    edge where it ends. Around the mask both pictures are the background, so passers-by and
    surroundings cancel out.
    """
    rim = _rim(mask)
    if not rim.any():
        return 1.0
    present = np.where(mask, now, background)
    added, before = (float(_slope(p)[rim].mean()) for p in (present, background))
    return (added + 2.0) / (before + 2.0)


def continuation(now: Luma, background: Luma, mask: Mask) -> float:
    """Return how much worse the mask continues its surroundings now than the background does.

    Above 1 something was added, below 1 taken away: what was behind a thing looks like what is
    around it. Where `outline` weighs fine edges, this weighs shade, so texture does not blur it.
    """
    near = cv2.dilate(mask.view(np.uint8), _KERNEL)
    outside = (1 - near).astype(np.float32)
    weight = cv2.GaussianBlur(outside, (0, 0), _AROUND_PX)
    inner = cv2.erode(mask.view(np.uint8), np.ones((5, 5), np.uint8)) == 0
    band = mask & inner & (weight > 0.02)
    if not band.any():
        return 1.0
    around = cv2.GaussianBlur(outside * background, (0, 0), _AROUND_PX)[band] / weight[band]
    added, before = (float(np.abs(p[band] - around).mean()) for p in (now, background))
    return (added + 2.0) / (before + 2.0)


def contrast(now: Luma, background: Luma, mask: Mask) -> float:
    """Return the mean difference over the mask as a share of the full luma range."""
    return float(np.abs(now - background)[mask].mean()) / 255.0


def texture(now: Luma, background: Luma, mask: Mask) -> float:
    """Return how much of the background's texture shows through the mask, -1.0 to 1.0.

    Light and shadow keep the texture of what they fall on; an object hides it.
    """
    if np.count_nonzero(mask) < 12:
        return 0.0
    seen, behind = (_detail(p)[mask] for p in (now, background))
    strength = float(np.sqrt((seen**2).mean() * (behind**2).mean()))
    return 0.0 if strength < 1.0 else float((seen * behind).mean()) / strength


def same_edges(one: Luma, other: Luma, within: Mask | None = None) -> float:
    """Return how alike the edges of two pictures of a place are, -1.0 to 1.0, in any light."""
    slopes = [_slope(p) if within is None else _slope(p)[within] for p in (one, other)]
    first, second = (s - s.mean() for s in slopes)
    strength = float(np.sqrt((first**2).mean() * (second**2).mean()))
    return 0.0 if strength < 0.1 else float((first * second).mean()) / strength


def moved_from(patch: Luma, mask: Mask, always: Luma, differs: Mask, here: tuple[int, int]) -> bool:
    """Whether the background shows the same thing nearby, where it is no more.

    `patch` and `mask` are the thing alone; `always` and `differs` (from the background, now) are
    a larger part of the picture, in which the thing's patch begins at `here`, row and column.
    """
    height, width = mask.shape
    likeness = find_looks(patch, mask, always)
    row, column = here
    likeness[row, column] = -1.0
    present = np.zeros(always.shape, bool)
    present[row : row + height, column : column + width] = mask
    for _ in range(3):
        _, best, _, (left, top) = cv2.minMaxLoc(likeness)
        if best < MOVED_LIKENESS:
            return False
        there = (slice(top, top + height), slice(left, left + width))
        vacated = mask & ~present[there]
        if vacated.any() and differs[there][vacated].mean() > VACATED_SHARE:
            return True
        likeness[max(0, top - 1) : top + 2, max(0, left - 1) : left + 2] = -1.0
    return False


def parts_of(mask: Mask, least_share: float) -> Iterator[Mask]:
    """Yield every connected part that has so large a share of the mask, with a rim."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    for label in range(1, count):
        part = labels == label
        if np.count_nonzero(part) >= least_share * np.count_nonzero(mask):
            yield cv2.dilate(part.astype(np.uint8), _HALO).astype(bool)


def find_looks(patch: Luma, mask: Mask, within: Luma) -> Luma:
    """Return how alike every place of a larger picture is, -1.0 to 1.0, in any light."""
    likeness = cv2.matchTemplate(within, patch, cv2.TM_CCOEFF_NORMED, mask=mask.astype(np.float32))
    return np.nan_to_num(np.asarray(likeness, np.float32), nan=-1.0, posinf=-1.0, neginf=-1.0)


def _rim(mask: Mask) -> Mask:
    inside = mask.view(np.uint8)
    return (cv2.dilate(inside, _KERNEL) - cv2.erode(inside, _KERNEL)).astype(bool)


def _slope(luma: Luma) -> Luma:
    across = cv2.Sobel(luma, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(luma, cv2.CV_32F, 0, 1, scale=0.125)
    return np.asarray(cv2.magnitude(across, down), np.float32)


def _detail(luma: Luma) -> Luma:
    return luma - np.asarray(cv2.GaussianBlur(luma, (0, 0), 2.0), np.float32)
