"""One thing that stands where nothing stood: where it is, how it looks, who was beside it."""

import base64
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.vision.objects.attention import Attention
from edge_agent.vision.objects.looks import same_edges
from edge_agent.vision.objects.surroundings import Surroundings, reach_px
from edge_agent.vision.picture.figures import Area, Figure
from edge_agent.vision.picture.plane import Luma, Mask

_RIM = np.ones((5, 5), np.uint8)
_SPECK = np.ones((2, 2), np.uint8)
_MARGIN_PX = 4
SAME_EDGES = 0.5
"""Alike so far, a place in another light still holds what it held."""
DIMMEST = 0.6
"""A shadow that passes over a thing leaves it so much of its light."""


@dataclass(kw_only=True, slots=True)
class LeftObject:
    """A candidate or confirmed object; arrays cover its `window` of the plane only."""

    object_id: int
    area: Area
    window: Area
    mask: Mask
    halo: Mask
    """The mask and a rim of two pixels, where its own blur flickers."""
    patch: Luma
    """How it looks, so that it is known again after somebody stood before it."""
    deposited_s: float
    attention: Attention
    depositor: Figure | None
    """The largest figure there within two seconds of its arrival."""
    arrival: Figure | None
    """The largest figure there at the very moment."""
    last_beside: Figure | None
    stirred_s: NDArray[np.float64]
    """When each pixel of the window last looked otherwise while nobody was near."""
    around: Surroundings
    restless: float = 0.0
    """Share of it that stirs while nobody is near, averaged over some seconds."""
    visible: float = 1.0
    """Share of it that looks as it did."""
    bare: Luma | None = None
    """While it is hidden by the dark or by something before it: its place as it was without it."""
    changed_s: float = -math.inf
    """When it last began to look like something else: it tipped over, or is gone."""
    score: float = 0.0
    reasons: tuple[str, ...] = ()
    fixture_id: str = ""
    """The fixture that it is, as an operator has said or it was recognised; empty: none."""

    @property
    def at(self) -> tuple[slice, slice]:
        """The window as slices of the plane."""
        return self.window.slices

    @property
    def pixels(self) -> int:
        """How many pixels of the plane it covers."""
        return int(np.count_nonzero(self.mask))

    @property
    def reach_px(self) -> float:
        """Two object widths: who is nearer attends to it."""
        return reach_px(self.pixels)

    @property
    def taken_back(self) -> bool:
        """Whether whoever was beside it last may be who put it down; that needs likeness."""
        if self.depositor is None or self.last_beside is None:
            return False
        return self.depositor.may_be(self.last_beside)

    def is_in(self, luma: Luma) -> bool:
        """Whether its place still shows it, in whatever light."""
        return same_edges(self.patch, luma[self.at]) > SAME_EDGES

    def shows(self, bare: Luma, luma: Luma) -> bool:
        """Whether its place shows rather what its window was without it, in whatever light."""
        now = luma[self.at]
        itself = same_edges(self.patch, now, self.halo)
        return same_edges(bare, now, self.halo) > max(SAME_EDGES, itself)

    def stir(self, unlike: Mask, t_s: float) -> None:
        """Note which pixels of the window look otherwise now; single specks are noise."""
        moved = cv2.morphologyEx((unlike & self.mask).view(np.uint8), cv2.MORPH_OPEN, _SPECK)
        self.stirred_s[moved.view(bool)] = t_s

    def relit(self, luma: Luma, tolerance: Luma) -> Mask:
        """Return where the window looks as it did but for a light that fell on all of it."""
        seen, known = luma[self.mask], self.patch[self.mask]
        gain = float(np.clip((seen.mean() + 1.0) / (known.mean() + 1.0), DIMMEST, 1.0 / DIMMEST))
        relit: Mask = np.abs(luma - np.float32(gain) * self.patch) < tolerance
        return relit

    def stirred(self, since_s: float) -> float:
        """Return which share of it has stirred since then: somebody never stands quite still."""
        return float((self.stirred_s[self.mask] >= since_s).mean())

    def inherit(self, former: "LeftObject") -> None:
        """Remember who brought it, if it is what a candidate has become: a bag that slumped."""
        smaller = min(self.area.size, former.area.size)
        if former.area.shared(self.area) > 0.5 * smaller:
            self.depositor = _larger(self.depositor, former.depositor)
            self.arrival = _larger(self.arrival, former.arrival)
            self.deposited_s = min(self.deposited_s, former.deposited_s)

    def take(self, mask: Mask, area: Area, luma: Luma) -> None:
        """Let another part, a mask of the whole plane, belong to it."""
        whole = mask.copy()
        whole[self.at] |= self.mask
        looks = luma.copy()
        looks[self.at][self.mask] = self.patch[self.mask]
        stirred_s = np.full(luma.shape, -np.inf)
        stirred_s[self.at] = self.stirred_s
        self.area = self.area.joined(area)
        self.window, self.mask, self.halo, self.patch = crop(whole, self.area, looks)
        self.around = Surroundings.of(whole, self.area)
        self.stirred_s = stirred_s[self.at].copy()


def _larger(one: Figure | None, other: Figure | None) -> Figure | None:
    if one is None or other is None:
        return one or other
    return one if one.pixels >= other.pixels else other


def crop(mask: Mask, area: Area, luma: Luma) -> tuple[Area, Mask, Mask, Luma]:
    """Return window, mask, halo and looks of what a mask of the whole plane covers."""
    window = with_margin(area, mask.shape[1], mask.shape[0])
    inside = mask[window.slices].copy()
    halo = cv2.dilate(inside.astype(np.uint8), _RIM).astype(bool)
    return window, inside, halo, luma[window.slices].copy()


def encode_looks(patch: Luma) -> str:
    """Return a patch as base64 of a PNG, so that it can be recognised after a restart."""
    grey = np.clip(patch, 0, 255).astype(np.uint8)
    encoded, body = cv2.imencode(".png", grey)
    return base64.b64encode(body.tobytes()).decode() if encoded else ""


def decode_looks(text: str) -> Luma | None:
    """Return the patch that `encode_looks` made; None if the text is empty or no such patch."""
    try:
        body = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    grey = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_GRAYSCALE) if body else None
    return None if grey is None else grey.astype(np.float32)


def with_margin(area: Area, width: int, height: int) -> Area:
    """Return the window of what fills an area of a plane: a little more, to show where it ends."""
    return area.grown(_MARGIN_PX).clipped(width, height)
