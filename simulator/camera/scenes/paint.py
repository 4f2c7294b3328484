"""Brushes for the still part of a scene: textures, walls, roofs, leaves; BGR float32, 0 to 255."""

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
"""(height, width, 3) float32, BGR, 0 to 255."""
Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255, as people write it."""
Point = tuple[float, float]
SHIFT = 4


def bgr(colour: Colour) -> tuple[float, float, float]:
    """Turn a colour as people write it into OpenCV's order."""
    return (float(colour[2]), float(colour[1]), float(colour[0]))


def corners(points: list[Point]) -> NDArray[np.int32]:
    """Turn points into OpenCV's fixed-point form, sixteenths of a pixel."""
    return np.round(np.array(points) * (1 << SHIFT)).astype(np.int32)


class Brush:
    """Paints on one picture; everything random comes from one generator."""

    def __init__(self, width: int, height: int, rng: np.random.Generator) -> None:
        self.image: Image = np.zeros((height, width, 3), np.float32)
        self._rng = rng
        self._grain = self._fractal(height, width)

    def _fractal(self, height: int, width: int) -> NDArray[np.float32]:
        """Return a field of mean 0 and deviation 1 with detail at every size."""
        field = np.zeros((height, width), np.float32)
        for cell, weight in ((4, 0.35), (9, 0.4), (25, 0.5), (80, 0.5), (240, 0.4)):
            coarse = self._rng.standard_normal((height // cell + 2, width // cell + 2))
            size = (width, height)
            field += weight * cv2.resize(
                coarse.astype(np.float32), size, interpolation=cv2.INTER_CUBIC
            )
        field += 0.35 * self._rng.standard_normal((height, width)).astype(np.float32)
        return np.asarray(field / field.std(), np.float32)

    def sky(self, bottom: int, top_colour: Colour, bottom_colour: Colour) -> None:
        """Fill the picture down to a row with a gradient and faint clouds."""
        share = np.linspace(0, 1, bottom, dtype=np.float32)[:, None, None]
        gradient = (1 - share) * np.array(bgr(top_colour), np.float32) + share * np.array(
            bgr(bottom_colour), np.float32
        )
        clouds = cv2.GaussianBlur(self._grain[:bottom], (0, 0), 25)[..., None]
        self.image[:bottom] = gradient + 18 * clouds

    def shape(self, points: list[Point], colour: Colour, *, grain: float = 6.0) -> None:
        """Fill a polygon with a colour roughened by the texture."""
        mask = np.zeros(self.image.shape[:2], np.uint8)
        cv2.fillPoly(mask, [corners(points)], 255, cv2.LINE_AA, SHIFT)
        self._lay(mask, colour, grain)

    def disc(self, centre: Point, axes: Point, colour: Colour, *, grain: float = 6.0) -> None:
        """Fill an ellipse."""
        mask = np.zeros(self.image.shape[:2], np.uint8)
        middle, radii = (corners([pair])[0].tolist() for pair in (centre, axes))
        cv2.ellipse(mask, middle, radii, 0, 0, 360, 255, -1, cv2.LINE_AA, SHIFT)
        self._lay(mask, colour, grain)

    def line(self, start: Point, end: Point, colour: Colour, width: int = 2) -> None:
        """Draw a straight line."""
        first, last = corners([start, end]).tolist()
        cv2.line(self.image, first, last, bgr(colour), width, cv2.LINE_AA, SHIFT)

    def shade(self, points: list[Point], gain: float, *, blur: float = 9.0) -> None:
        """Darken (gain < 1) or lighten a polygon with soft edges."""
        mask = np.zeros(self.image.shape[:2], np.float32)
        cv2.fillPoly(mask, [corners(points)], 1.0, cv2.LINE_AA, SHIFT)
        soft = cv2.GaussianBlur(mask, (0, 0), blur)
        self.image *= np.float32(1) + np.float32(gain - 1) * soft[..., None]

    def leaves(self, centre: Point, radii: Point, colour: Colour, *, count: int = 420) -> None:
        """Fill an ellipse with leaves: dark ones first, the light falls from the upper left."""
        angle = self._rng.uniform(0, 2 * np.pi, count)
        reach = np.sqrt(self._rng.uniform(0, 1, count))
        xs, ys = np.cos(angle) * reach, np.sin(angle) * reach
        light = np.clip(0.75 - 0.28 * (xs * 0.6 + ys) + self._rng.normal(0, 0.13, count), 0.4, 1.3)
        size = max(2.0, min(radii) / 14)
        for index in np.argsort(light):
            x, y = centre[0] + xs[index] * radii[0], centre[1] + ys[index] * radii[1]
            tint = tuple(float(part * light[index]) for part in bgr(colour))
            axes = (int(size * self._rng.uniform(0.7, 1.6) * 16), int(size * 9))
            spot = (round(x * 16), round(y * 16))
            turn = float(self._rng.uniform(0, 180))
            cv2.ellipse(self.image, spot, axes, turn, 0, 360, tint, -1, cv2.LINE_AA, SHIFT)

    def bricks(self, box: tuple[int, int, int, int], colour: Colour, row_px: int) -> None:
        """Draw the joints of a brick wall or tiles over (x, y, width, height)."""
        x, y, width, height = box
        for row, top in enumerate(range(y, y + height, row_px)):
            self.line((x, top), (x + width, top), colour, 1)
            for left in range(x + (row % 2) * row_px, x + width, row_px * 2):
                self.line((left, top), (left, min(top + row_px, y + height)), colour, 1)

    def finished(self) -> NDArray[np.uint8]:
        """Return the picture as uint8, softened as a cheap lens does."""
        soft = cv2.GaussianBlur(self.image, (0, 0), 0.7)
        return np.clip(soft, 0, 255).astype(np.uint8)

    def _lay(self, mask: NDArray[np.uint8], colour: Colour, grain: float) -> None:
        x, y, width, height = cv2.boundingRect(mask)
        part = (slice(y, y + height), slice(x, x + width))
        cover = (mask[part].astype(np.float32) / 255)[..., None]
        paint = np.array(bgr(colour), np.float32) + grain * self._grain[part][..., None]
        self.image[part] = (1 - cover) * self.image[part] + cover * paint
