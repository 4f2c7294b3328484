"""Decides whether a standing thing looks like something that was left, and says why. Pure."""

from dataclasses import dataclass

import numpy as np

from edge_agent.vision.scene import looks
from edge_agent.vision.scene.background import Background
from edge_agent.vision.scene.plane import Luma, Mask
from edge_agent.vision.scene.thing import LeftObject

DOUBT = 3.0
"""So many times longer must stay what nobody was seen to bring."""
MIN_OUTLINE = 1.0
MIN_ADDED = 1.1
"""Of outline and continuation together; a thing that was taken away has less than 1."""
TAKEN_OUTLINE = 0.8
"""Below this share of the background's outline, the background is what is gone."""
TAKEN_BOTH = 0.65
"""So is what continues its surroundings so much better than the background did."""
MIN_CONTRAST = 1.3
"""Times the difference by which a pixel counts as foreground."""
MIN_FILL, MAX_BOX = 0.15, 0.25
"""Of its box, and its box of the picture: edges that do not fit any more sprawl."""
MAX_FLICKER_HZ = 0.15
MAX_RESTLESS = 0.2
MIN_VISIBLE = 0.6
MAX_TEXTURE_KEPT = 0.7
MAX_STIRRED = 0.2
STIR_MEMORY_S = 20.0
"""Somebody who stands or sits still stirs within this time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What one picture says about one thing."""

    convincing: bool
    patience: float
    """Times the configured seconds for which it must be unattended."""
    score: float
    reasons: tuple[str, ...]


def judge(thing: LeftObject, luma: Luma, background: Background, t_s: float) -> Verdict:
    """Judge a thing that nobody is near; `luma` is the whole plane."""
    at = thing.at
    parts = (luma[at], background.always[at], thing.mask)
    outline, contrast, kept = looks.outline(*parts), looks.contrast(*parts), looks.texture(*parts)
    added = (outline * looks.continuation(*parts)) ** 0.5
    threshold = float(background.threshold[at][thing.mask].mean())
    # The fewer pixels, the more easily chance draws an outline or a difference.
    chance = 1.0 / thing.pixels**0.5
    convincing = (
        outline >= MIN_OUTLINE + chance
        and added >= MIN_ADDED + 2.0 * chance
        and contrast * 255.0 >= threshold * (MIN_CONTRAST + 4.0 * chance)
        and float(background.unrest[at][thing.mask].mean()) < MAX_FLICKER_HZ
        and thing.restless < MAX_RESTLESS
        and thing.stirred(t_s - STIR_MEMORY_S) < MAX_STIRRED
        and thing.visible > MIN_VISIBLE
        and kept < MAX_TEXTURE_KEPT
        and thing.pixels >= MIN_FILL * thing.area.size
        and thing.area.size <= MAX_BOX * luma.size
        and not came_by_itself(thing)
    )
    still = 1.0 - thing.restless
    return Verdict(
        convincing=convincing,
        patience=1.0 if thing.depositor else DOUBT,
        score=float(np.clip(min(2.0, outline) / 4 + 0.5 * (1 - 4 * thing.restless), 0, 1)),
        reasons=(
            f"static_{t_s - thing.deposited_s:.0f}s",
            f"contrast_{contrast:.2f}",
            f"outline_{outline:.1f}",
            f"still_{still:.2f}",
            "appeared_with_figure" if thing.depositor else "no_figure_seen",
        ),
    )


def taken_away(luma: Luma, behind: Luma, mask: Mask) -> bool:
    """Whether what differs is a gap: something of the background is there no more."""
    outline = looks.outline(luma, behind, mask)
    both = outline * looks.continuation(luma, behind, mask)
    return outline < TAKEN_OUTLINE or both < TAKEN_BOTH


def came_by_itself(thing: LeftObject) -> bool:
    """Whether it is as large as what brought it: somebody who stands, a car that parked."""
    if thing.arrival is None:
        return False
    share = thing.pixels / thing.arrival.pixels
    sides = [max(area.width, area.height) for area in (thing.area, thing.arrival.area)]
    if sides[0] < 0.45 * sides[1]:
        # Somebody half known to the background shows as a sparse figure, larger than its pixels.
        return False
    as_tall = thing.area.height > 0.75 * thing.arrival.area.height
    return share > 0.5 or (as_tall and share > 0.25)
