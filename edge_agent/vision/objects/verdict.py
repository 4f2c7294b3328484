"""Decides whether a standing thing looks like something that was left, and says why. Pure."""

from dataclasses import dataclass

import numpy as np

from edge_agent.vision.objects import looks
from edge_agent.vision.objects.thing import LeftObject
from edge_agent.vision.picture.background import Background
from edge_agent.vision.picture.plane import Luma, Mask

DOUBT = 3.0
"""So many times longer must stay what nobody was seen to bring."""
MIN_OUTLINE = 1.0
MIN_ADDED = 1.1
"""Of outline and continuation together; a thing that was taken away has less than 1."""
TAKEN_OUTLINE = 0.8
"""Below this share of the background's outline, the background is what is gone."""
TAKEN_BOTH = 0.65
"""So is what continues its surroundings so much better than the background did."""
MIN_CONTRAST, MIN_SMALL = 1.2, 2.5
"""Times the difference by which a pixel counts as foreground; so much more over root pixels."""
SURE_CONTRAST, SURE_SMALL, SURE_ADDED = 1.3, 4.0, 1.4
FAINT = 2.0
"""So many times longer must stay what is fainter than sure: a reflection, a codec's smear."""
MIN_FILL, MAX_BOX = 0.25, 0.25
"""Of its box, and its box of the picture: edges that do not fit any more sprawl."""
MAX_FLICKER_HZ = 0.15
MAX_RESTLESS = 0.2
MIN_VISIBLE = 0.6
MAX_TEXTURE_KEPT = 0.7
MAX_STIRRED = 0.2
PART_SHARE = 0.25
"""Of something pushed a little, the gap it left is a part of what differs; it is the other."""
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


def judge(
    thing: LeftObject, luma: Luma, background: Background, t_s: float, *, pixels: int = 0
) -> Verdict:
    """Judge a thing that nobody is near; `luma` is the whole plane.

    `pixels` is how much differs in one piece with it, if that lies where it arrived.
    """
    at = thing.at
    parts = (luma[at], background.always[at], thing.mask)
    outline, contrast, kept = looks.outline(*parts), looks.contrast(*parts), looks.texture(*parts)
    added = (outline * looks.continuation(*parts)) ** 0.5
    threshold = float(background.threshold[at][thing.mask].mean())
    clear = contrast * 255.0 / threshold
    # The fewer pixels, the more easily chance draws an outline or a difference.
    chance = 1.0 / thing.pixels**0.5
    convincing = (
        outline >= MIN_OUTLINE + chance
        and added >= MIN_ADDED + 2.0 * chance
        and clear >= MIN_CONTRAST + MIN_SMALL * chance
        and float(background.unrest[at][thing.mask].mean()) < MAX_FLICKER_HZ
        and thing.restless < MAX_RESTLESS
        and thing.stirred(t_s - STIR_MEMORY_S) < MAX_STIRRED
        and thing.visible > MIN_VISIBLE
        and kept < MAX_TEXTURE_KEPT
        and thing.pixels >= MIN_FILL * thing.area.size
        and thing.area.size <= MAX_BOX * luma.size
        and not came_by_itself(thing, pixels)
        and not was_moved(thing, luma, background)
    )
    still = 1.0 - thing.restless
    sure = clear >= SURE_CONTRAST + SURE_SMALL * chance and added >= SURE_ADDED + 2.0 * chance
    doubt = 1.0 if sure else FAINT
    return Verdict(
        convincing=convincing,
        patience=doubt if thing.depositor else max(doubt, DOUBT),
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


def was_moved(thing: LeftObject, luma: Luma, background: Background) -> bool:
    """Whether it stood beside this place before: a chair, a door, a sign that was pushed."""
    around = thing.window.grown(thing.reach_px / 2).clipped(luma.shape[1], luma.shape[0])
    at = around.slices
    behind = background.always[at]
    differs = np.abs(luma[at] - behind) > background.threshold[at]
    here = (thing.window.top - around.top, thing.window.left - around.left)
    return any(
        looks.moved_from(thing.patch, part, behind, differs, here)
        for part in looks.parts_of(thing.mask, PART_SHARE)
    )


def came_by_itself(thing: LeftObject, pixels: int = 0) -> bool:
    """Whether it is as large as what brought it: somebody who stands, a car that parked.

    Of a dog that stands, only the part that keeps still is the thing; `pixels` is all of it.
    """
    if thing.arrival is None:
        return False
    share = max(thing.pixels, pixels) / thing.arrival.pixels
    sides = [max(area.width, area.height) for area in (thing.area, thing.arrival.area)]
    if sides[0] < 0.45 * sides[1]:
        # Somebody half known to the background shows as a sparse figure, larger than its pixels.
        return False
    as_tall = thing.area.height > 0.75 * thing.arrival.area.height
    return share > 0.5 or (as_tall and share > 0.25)
