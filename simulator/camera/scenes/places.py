"""The three places: what stands still in each, and the ways people walk there."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.camera.scenes.paint import Brush, Colour, Point

WIDTH_PX, HEIGHT_PX = 1280, 720
GRASS: Colour = (98, 118, 62)
LEAF: Colour = (74, 112, 48)
CONCRETE: Colour = (168, 164, 154)


@dataclass(frozen=True, kw_only=True)
class Place:
    """One place in front of a camera."""

    background: NDArray[np.uint8]
    """(720, 1280, 3) uint8, BGR."""
    horizon_y: float
    """Row at which people's feet would vanish."""
    scale: float
    """A person's height in pixels for each row below the horizon."""
    ways: tuple[tuple[Point, ...], ...]
    """Ways of passers-by, as feet positions in pixels."""
    dumping_way: tuple[Point, ...]
    """The way of somebody with a bag; its last point is where the bag is put down. May be empty."""
    frames_per_s: int
    """Quiet places get fewer: three cameras share the machine they test."""
    trees: tuple[tuple[int, int, int, int], ...]
    """Boxes (x, y, width, height) whose leaves sway."""


def draw_lane(rng: np.random.Generator) -> Place:
    """Draw a hamlet lane: a house and its wall on the left, a grass verge on the right."""
    brush = Brush(WIDTH_PX, HEIGHT_PX, rng)
    brush.sky(250, (150, 178, 205), (222, 224, 218))
    _far_trees(brush, 232)
    brush.shape([(0, 250), (1280, 240), (1280, 720), (0, 720)], GRASS, grain=16)
    brush.shape([(585, 252), (690, 252), (1010, 720), (190, 720)], CONCRETE, grain=9)
    for y in (282, 325, 390, 490, 640):
        left, right = _lane_edges(y)
        brush.line((left, y), (right, y), (138, 134, 124), 2)
    brush.shade([(560, 252), (600, 252), (230, 720), (150, 720)], 0.72)
    _house(brush, left=20, ground=395, width=380)
    _brick_wall(brush)
    _pole(brush, 1010, 470)
    brush.shape([(1125, 330), (1150, 330), (1160, 560), (1118, 560)], (92, 74, 58), grain=14)
    brush.leaves((1135, 190), (175, 150), LEAF, count=1900)
    brush.shade([(930, 545), (1270, 530), (1280, 620), (960, 630)], 0.74, blur=22)
    _no_dumping_sign(brush, 880, 395)
    return Place(
        background=brush.finished(),
        horizon_y=215,
        scale=0.62,
        ways=(
            ((640, 268), (540, 420), (380, 735)),
            ((420, 735), (570, 430), (645, 268)),
            ((655, 268), (620, 500), (520, 735)),
        ),
        dumping_way=((1330, 585), (1130, 560), (930, 520)),
        frames_per_s=15,
        trees=((960, 40, 320, 300),),
    )


def draw_market(rng: np.random.Generator) -> Place:
    """Draw a market gate with awnings on both sides."""
    brush = Brush(WIDTH_PX, HEIGHT_PX, rng)
    brush.sky(280, (158, 186, 210), (226, 226, 220))
    _far_trees(brush, 250)
    brush.shape([(0, 270), (1280, 270), (1280, 720), (0, 720)], (150, 142, 130), grain=11)
    for y in (300, 340, 400, 480, 590):
        brush.line((0, y), (1280, y), (132, 125, 114), 1)
    awnings: tuple[Colour, ...] = ((62, 96, 150), (176, 66, 54), (58, 124, 84), (196, 160, 70))
    for index, colour in enumerate(awnings):
        left = -40 + index * 105 if index < 2 else 880 + (index - 2) * 190
        brush.shape(
            [(left + 20, 300), (left + 190, 300), (left + 190, 440), (left + 20, 440)],
            (112, 96, 82),
            grain=10,
        )
        brush.shape([(left, 250), (left + 205, 250), (left + 225, 305), (left - 20, 305)], colour)
    for left in (430, 810):
        brush.shape([(left, 150), (left + 52, 150), (left + 52, 450), (left, 450)], (206, 190, 150))
        brush.shape(
            [(left - 8, 440), (left + 60, 440), (left + 60, 462), (left - 8, 462)], (150, 140, 120)
        )
    brush.shape([(400, 112), (892, 112), (870, 170), (422, 170)], (168, 62, 48), grain=8)
    brush.shape([(380, 92), (912, 92), (892, 114), (400, 114)], (140, 74, 52), grain=10)
    brush.leaves((1190, 130), (130, 110), LEAF, count=1300)
    return Place(
        background=brush.finished(),
        horizon_y=230,
        scale=0.6,
        ways=(
            ((640, 300), (600, 480), (480, 735)),
            ((760, 735), (690, 470), (660, 300)),
            ((-40, 560), (640, 540), (1320, 580)),
        ),
        dumping_way=(),
        frames_per_s=10,
        trees=((1060, 20, 220, 220),),
    )


def draw_culture_house(rng: np.random.Generator) -> Place:
    """Draw the yard of a hamlet's culture house, with its flag."""
    brush = Brush(WIDTH_PX, HEIGHT_PX, rng)
    brush.sky(260, (140, 172, 206), (220, 224, 222))
    _far_trees(brush, 238)
    brush.shape([(0, 255), (1280, 255), (1280, 720), (0, 720)], (172, 150, 128), grain=9)
    for y in (390, 425, 475, 545, 640):
        brush.line((0, y), (1280, y), (150, 128, 108), 1)
    for x in range(-600, 1900, 140):
        brush.line((640 + (x - 640) * 0.35, 370), (x, 720), (150, 128, 108), 1)
    brush.shape([(300, 200), (980, 200), (980, 385), (300, 385)], (226, 200, 138), grain=6)
    brush.shape([(260, 205), (340, 118), (940, 118), (1020, 205)], (158, 78, 56), grain=12)
    brush.bricks((345, 125, 590, 75), (132, 62, 44), 13)
    for left in (350, 480, 740, 870):
        brush.shape(
            [(left, 245), (left + 70, 245), (left + 70, 330), (left, 330)], (88, 104, 110), grain=5
        )
        brush.line((left + 35, 245), (left + 35, 330), (196, 190, 170), 3)
    brush.shape([(600, 240), (690, 240), (690, 385), (600, 385)], (104, 70, 48), grain=8)
    brush.shape([(560, 382), (730, 382), (750, 408), (540, 408)], (182, 176, 166), grain=6)
    brush.line((1120, 420), (1120, 90), (190, 190, 190), 5)
    brush.shape([(1123, 95), (1213, 99), (1210, 157), (1123, 153)], (204, 36, 36), grain=4)
    brush.shape(_star(1166, 126, 19), (240, 214, 60), grain=2)
    brush.shape([(86, 300), (112, 300), (118, 470), (78, 470)], (92, 74, 58), grain=14)
    brush.leaves((110, 210), (150, 130), LEAF, count=1700)
    return Place(
        background=brush.finished(),
        horizon_y=220,
        scale=0.6,
        ways=(
            ((-40, 520), (640, 470), (1320, 540)),
            ((645, 408), (600, 520), (520, 735)),
            ((1320, 640), (800, 600), (-40, 660)),
        ),
        dumping_way=(),
        frames_per_s=10,
        trees=((0, 70, 270, 280),),
    )


PLACES: dict[str, Callable[[np.random.Generator], Place]] = {
    "lane-dumping": draw_lane,
    "market-gate": draw_market,
    "culture-house": draw_culture_house,
}


def _lane_edges(y: float) -> tuple[float, float]:
    share = (y - 252) / (720 - 252)
    return 585 + share * (190 - 585), 690 + share * (1010 - 690)


def _far_trees(brush: Brush, base: int) -> None:
    for index, x in enumerate(range(-20, 1320, 62)):
        tall = 34 + 16 * ((index * 7) % 4)
        colour = ((86, 108, 74), (98, 122, 80), (78, 104, 66))[index % 3]
        brush.leaves((x, base), (62, tall), colour, count=260)


def _house(brush: Brush, *, left: int, ground: int, width: int) -> None:
    top = ground - 170
    right = left + width
    brush.shape(
        [(left, top), (right, top + 18), (right, ground), (left, ground + 40)], (220, 206, 168)
    )
    brush.shape(
        [
            (left - 30, top + 8),
            (left + 60, top - 92),
            (right - 60, top - 62),
            (right + 26, top + 26),
        ],
        (162, 84, 60),
        grain=13,
    )
    for row in range(6):
        y = top - 78 + row * 15
        brush.line((left + 48 - row * 14, y), (right - 66 + row * 14, y + 28), (134, 64, 46), 1)
    brush.shape(
        [
            (left + 190, top + 55),
            (left + 250, top + 57),
            (left + 250, ground + 8),
            (left + 190, ground + 14),
        ],
        (96, 66, 46),
    )
    for x in (left + 60, left + 290):
        brush.shape(
            [(x, top + 55), (x + 70, top + 57), (x + 70, top + 112), (x, top + 112)], (80, 108, 118)
        )
        brush.line((x + 35, top + 56), (x + 35, top + 112), (196, 186, 158), 3)


def _brick_wall(brush: Brush) -> None:
    brush.shape(
        [(0, 440), (430, 330), (505, 306), (505, 336), (430, 372), (0, 560)],
        (172, 104, 78),
        grain=12,
    )
    brush.shape(
        [(0, 428), (430, 320), (508, 298), (508, 308), (430, 333), (0, 446)],
        (196, 188, 172),
        grain=6,
    )
    for share in (0.25, 0.5, 0.75):
        brush.line((0, 440 + share * 120), (505, 306 + share * 30), (140, 80, 60), 1)
    brush.shade([(0, 560), (430, 372), (505, 336), (540, 342), (470, 385), (0, 610)], 0.68)


def _pole(brush: Brush, x: int, ground: int) -> None:
    brush.shape(
        [(x - 7, 30), (x + 7, 30), (x + 10, ground), (x - 10, ground)], (152, 150, 146), grain=8
    )
    for y in (52, 66):
        brush.line((x, y), (1280, y - 26), (60, 60, 62), 2)
        brush.line((x, y), (620, 196), (60, 60, 62), 1)
    brush.shape([(x - 8, 118), (x - 58, 98), (x - 58, 152), (x - 8, 134)], (120, 124, 128), grain=4)
    brush.disc((x - 58, 125), (9, 28), (88, 92, 96), grain=3)


def _no_dumping_sign(brush: Brush, x: int, y: int) -> None:
    brush.shape(
        [(x - 3, y), (x + 3, y), (x + 3, y + 110), (x - 3, y + 110)], (130, 130, 130), grain=4
    )
    brush.disc((x, y - 14), (27, 27), (200, 40, 40), grain=2)
    brush.disc((x, y - 14), (20, 20), (240, 240, 236), grain=2)
    brush.shape([(x - 8, y - 18), (x + 8, y - 18), (x + 6, y), (x - 6, y)], (40, 40, 40), grain=2)
    brush.line((x - 15, y - 28), (x + 15, y), (200, 40, 40), 5)


def _star(x: float, y: float, radius: float) -> list[Point]:
    turns = np.arange(10) * np.pi / 5 - np.pi / 2
    reach = np.where(np.arange(10) % 2 == 0, radius, radius * 0.4)
    return [
        (float(x + r * np.cos(a)), float(y + r * np.sin(a)))
        for r, a in zip(reach, turns, strict=True)
    ]
