"""Draws people and bags onto a yuv420p canvas; each drawing is a pure function of its values."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simulator.camera.scenes.paint import Colour, Point, corners

Plane = NDArray[np.uint8]
STRIDE_HZ = 0.95
"""Full strides a second of somebody who walks at 1.2 m/s."""
BAG_SHARE = 0.33
"""Width of a bag of rubbish as a share of a person's height."""


@dataclass(frozen=True, kw_only=True)
class Clothes:
    """What somebody wears."""

    shirt: Colour
    trousers: Colour
    hat: Colour | None
    """A conical hat, or bare hair."""


@dataclass(frozen=True, kw_only=True)
class Bag:
    """A tied bag of rubbish whose bottom stands at a point."""

    x: float
    foot_y: float
    width: float
    colour: Colour


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody at one instant; lengths in pixels."""

    x: float
    foot_y: float
    height: float
    facing: float
    """-1 looks left, +1 looks right."""
    stride: float
    """Phase of the walk in full strides; it stands still while walking is False."""
    walking: bool
    stoop: float
    """0 upright, 1 bent down to the ground."""
    clothes: Clothes
    bag: Colour | None
    """Colour of the bag in the hand."""


Actor = Person | Bag


class Canvas:
    """The three planes of one yuv420p picture."""

    def __init__(self, planes: tuple[Plane, Plane, Plane]) -> None:
        self._planes = planes

    def polygon(self, points: list[Point], colour: Colour) -> None:
        """Fill a polygon."""
        luma, blue, red = to_yuv(colour)
        fixed, half = corners(points), corners([(x / 2, y / 2) for x, y in points])
        cv2.fillPoly(self._planes[0], [fixed], luma, cv2.LINE_AA, 4)
        cv2.fillPoly(self._planes[1], [half], blue, cv2.LINE_AA, 4)
        cv2.fillPoly(self._planes[2], [half], red, cv2.LINE_AA, 4)

    def ellipse(self, centre: Point, axes: Point, colour: Colour) -> None:
        """Fill an upright ellipse."""
        angles = np.linspace(0, 2 * math.pi, 20, endpoint=False)
        self.polygon(
            [
                (centre[0] + axes[0] * math.cos(a), centre[1] + axes[1] * math.sin(a))
                for a in angles
            ],
            colour,
        )

    def limb(self, start: Point, end: Point, width: float, colour: Colour) -> None:
        """Draw an arm or a leg."""
        dx, dy = end[0] - start[0], end[1] - start[1]
        length = math.hypot(dx, dy) or 1.0
        nx, ny = -dy / length * width / 2, dx / length * width / 2
        self.polygon(
            [
                (start[0] + nx, start[1] + ny),
                (start[0] - nx, start[1] - ny),
                (end[0] - nx * 0.8, end[1] - ny * 0.8),
                (end[0] + nx * 0.8, end[1] + ny * 0.8),
            ],
            colour,
        )

    def shadow(self, centre: Point, axes: Point) -> None:
        """Darken the ground below somebody, softly."""
        luma = self._planes[0]
        left, right = (round(centre[0] + sign * axes[0]) for sign in (-1, 1))
        top, bottom = (round(centre[1] + sign * axes[1]) for sign in (-1, 1))
        left, top = max(0, left), max(0, top)
        right, bottom = min(luma.shape[1], right), min(luma.shape[0], bottom)
        if left >= right or top >= bottom:
            return
        ys, xs = np.mgrid[top:bottom, left:right].astype(np.float32)
        away = ((xs - centre[0]) / axes[0]) ** 2 + ((ys - centre[1]) / axes[1]) ** 2
        gain = 1 - 0.42 * np.clip(1 - away, 0, 1)
        luma[top:bottom, left:right] = (luma[top:bottom, left:right] * gain).astype(np.uint8)


def to_yuv(colour: Colour) -> tuple[int, int, int]:
    """Turn red, green, blue into limited-range BT.601 luma and chroma."""
    red, green, blue = colour
    luma = 16 + (65.7 * red + 129.1 * green + 25.1 * blue) / 256
    u = 128 + (-37.9 * red - 74.5 * green + 112.4 * blue) / 256
    v = 128 + (112.4 * red - 94.2 * green - 18.3 * blue) / 256
    return round(luma), round(u), round(v)


def draw(canvas: Canvas, actors: list[Actor]) -> None:
    """Draw everybody, the farthest first."""
    for actor in sorted(actors, key=lambda item: item.foot_y):
        if isinstance(actor, Bag):
            draw_bag(canvas, actor)
        else:
            draw_person(canvas, actor)


def darker(colour: Colour, gain: float) -> Colour:
    """Return a colour with less light on it."""
    return (round(colour[0] * gain), round(colour[1] * gain), round(colour[2] * gain))


def draw_bag(canvas: Canvas, bag: Bag) -> None:
    """Draw a full bag with its knot."""
    w, x, y = bag.width, bag.x, bag.foot_y
    canvas.shadow((x, y), (w * 0.75, w * 0.2))
    outline: list[Point] = [
        (x + w * dx, y - w * dy)
        for dx, dy in (
            (-0.42, 0.0), (-0.52, 0.22), (-0.47, 0.5), (-0.28, 0.74), (-0.07, 0.86), (-0.13, 1.02),
            (0.13, 1.02), (0.07, 0.86), (0.3, 0.72), (0.49, 0.46), (0.51, 0.2), (0.4, 0.0),
        )
    ]  # fmt: skip
    canvas.polygon(outline, bag.colour)
    fold: list[Point] = [
        (x + w * dx, y - w * dy)
        for dx, dy in ((0.1, 0.02), (0.4, 0.0), (0.51, 0.2), (0.49, 0.46), (0.3, 0.72), (0.25, 0.4))
    ]
    canvas.polygon(fold, darker(bag.colour, 0.68))


def draw_person(canvas: Canvas, person: Person) -> None:
    """Draw somebody from the feet up."""
    h, x, y = person.height, person.x, person.foot_y
    canvas.shadow((x, y), (h * 0.26, h * 0.06))
    lean = person.stoop * person.facing
    hip = (x - lean * h * 0.06, y - h * (0.48 - 0.12 * person.stoop))
    neck = (hip[0] + lean * h * 0.3, hip[1] - h * (0.34 - 0.16 * person.stoop))
    swing = math.sin(2 * math.pi * person.stride) * 0.14 * h if person.walking else 0.03 * h
    trousers, shirt = person.clothes.trousers, person.clothes.shirt
    canvas.limb(hip, (x - swing, y - h * 0.01), h * 0.1, darker(trousers, 0.78))
    canvas.limb(neck, (neck[0] + swing * 0.7, hip[1]), h * 0.065, darker(shirt, 0.75))
    canvas.limb(hip, (x + swing, y), h * 0.11, trousers)
    canvas.limb((hip[0], hip[1] + h * 0.03), neck, h * 0.2, shirt)
    hand = _hand(person, neck, hip, swing)
    canvas.limb((neck[0], neck[1] + h * 0.03), hand, h * 0.07, darker(shirt, 0.9))
    _draw_head(canvas, person, neck)
    if person.bag is not None:
        width = h * BAG_SHARE * 0.9
        bottom = min(y, hand[1] + width * 0.95)
        canvas.shadow((hand[0], y), (width * 0.5, width * 0.14))
        draw_bag(canvas, Bag(x=hand[0], foot_y=bottom, width=width, colour=person.bag))


def _hand(person: Person, neck: Point, hip: Point, swing: float) -> Point:
    h = person.height
    if person.stoop > 0 or person.bag is not None:
        reach = person.facing * h * (0.1 + 0.2 * person.stoop)
        return (neck[0] + reach, hip[1] + h * (0.02 + 0.2 * person.stoop))
    return (neck[0] - swing * 0.7, hip[1] + h * 0.01)


def _draw_head(canvas: Canvas, person: Person, neck: Point) -> None:
    h = person.height
    head = (neck[0] + person.facing * h * 0.015, neck[1] - h * 0.075)
    canvas.ellipse(head, (h * 0.052, h * 0.068), (196, 150, 120))
    hat = person.clothes.hat
    if hat is None:
        canvas.ellipse((head[0], head[1] - h * 0.03), (h * 0.055, h * 0.045), (34, 28, 26))
        return
    brim, top = head[1] - h * 0.02, head[1] - h * 0.115
    canvas.polygon([(head[0] - h * 0.125, brim), (head[0], top), (head[0] + h * 0.125, brim)], hat)
