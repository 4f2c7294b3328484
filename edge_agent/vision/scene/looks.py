"""Measures on a patch, between how it looks now and the background behind it. Pure."""

import cv2
import numpy as np

from edge_agent.vision.scene.plane import Luma, Mask

_KERNEL = np.ones((3, 3), np.uint8)


def outline(now: Luma, background: Luma, mask: Mask) -> float:
    """Return how much more outline the mask has now than in the background.

    Above 1 something was added, below 1 something was taken away: what is really there has an
    edge where it ends. Around the mask both pictures are the background, so passers-by and
    surroundings cancel out.
    """
    inside = mask.astype(np.uint8)
    rim = (cv2.dilate(inside, _KERNEL) - cv2.erode(inside, _KERNEL)).astype(bool)
    if not rim.any():
        return 1.0
    present = np.where(mask, now, background)
    added, before = (float(_slope(p)[rim].mean()) for p in (present, background))
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


def _slope(luma: Luma) -> Luma:
    across = cv2.Sobel(luma, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(luma, cv2.CV_32F, 0, 1, scale=0.125)
    return np.asarray(cv2.magnitude(across, down), np.float32)


def _detail(luma: Luma) -> Luma:
    return luma - np.asarray(cv2.GaussianBlur(luma, (0, 0), 2.0), np.float32)
