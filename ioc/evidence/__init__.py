"""Evidence: the pictures that prove an alarm."""

from ioc.evidence.pictures import (
    MAX_PICTURE_BYTES,
    NotAnnounced,
    NotAPicture,
    PictureRefused,
    PictureStore,
    PictureTooLarge,
    WrongHash,
)

__all__ = [
    "MAX_PICTURE_BYTES",
    "NotAPicture",
    "NotAnnounced",
    "PictureRefused",
    "PictureStore",
    "PictureTooLarge",
    "WrongHash",
]
