"""Proves a delivered file before it is kept: hash, kind, structure and size; blocking."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ioc.evidence.jpeg import read_dimensions
from ioc.evidence.mp4 import read_clip
from ioc.evidence.refusals import NotAPicture, TooLarge, WrongHash

MAX_PICTURE_BYTES = 20_000_000
MAX_CLIP_BYTES = 100_000_000
MAX_PICTURE_PIXELS = 50_000_000
"""A 50-megapixel camera; decoding it takes 150 MB, which the centre can bear."""
MAX_SCANS = 64
"""Progressive pictures have about ten. Each is a pass over the whole picture, for a few bytes."""
_SCAN = b"\xff\xda"


@dataclass(frozen=True, kw_only=True)
class Announced:
    """What a committed event of the gateway says of a picture or clip."""

    sha256: str
    media_type: str
    size_bytes: int
    width_px: int
    height_px: int

    @property
    def is_clip(self) -> bool:
        """Whether it is a clip, else a picture."""
        return self.media_type == "video/mp4"

    def check_length(self, size_bytes: int) -> None:
        """Refuse a body of which so much has come, or is said to come.

        Raises:
            TooLarge: longer than its kind may be.
            WrongHash: longer than announced, so its hash is another one.
        """
        most = MAX_CLIP_BYTES if self.is_clip else MAX_PICTURE_BYTES
        if size_bytes > most:
            raise TooLarge(f"more than {most} bytes")
        if size_bytes > self.size_bytes:
            raise WrongHash(f"more than the {self.size_bytes} bytes announced")


def prove(path: Path, announced: Announced) -> None:
    """Refuse what is not of the announced kind.

    Raises:
        NotAPicture: no JPEG, damaged, of another size than announced, or too much to decode.
        NotAClip: its structure is not that of a whole clip.
    """
    if announced.is_clip:
        with path.open("rb") as file:
            read_clip(file, path.stat().st_size)
    else:
        _prove_picture(path.read_bytes(), announced)


def _prove_picture(body: bytes, announced: Announced) -> None:
    declared = read_dimensions(body)
    if declared is None:
        raise NotAPicture("not a JPEG")
    size = f"{declared.width_px}x{declared.height_px}"
    if declared.pixels > MAX_PICTURE_PIXELS:
        raise NotAPicture(f"{size} is too large to decode")
    if (declared.width_px, declared.height_px) != (announced.width_px, announced.height_px):
        raise NotAPicture(f"{size}, but {announced.width_px}x{announced.height_px} was announced")
    if body.count(_SCAN) > MAX_SCANS:
        raise NotAPicture("it is drawn in more passes than any camera makes")
    try:
        decoded = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    except cv2.error as error:
        raise NotAPicture("it cannot be decoded") from error
    if decoded is None:
        raise NotAPicture("it cannot be decoded")
