"""Sounds as files: recordings cleaned, pieces joined, chimes made; it knows no text and no person."""

from ioc.sounds.chimes import CHIMES, Chime, chime
from ioc.sounds.errors import RecordingRefused, SoundUnavailable
from ioc.sounds.joining import FromFile, Part, Silence, join
from ioc.sounds.recordings import Cleaned, Cleaner, Purpose

__all__ = [
    "CHIMES",
    "Chime",
    "Cleaned",
    "Cleaner",
    "FromFile",
    "Part",
    "Purpose",
    "RecordingRefused",
    "Silence",
    "SoundUnavailable",
    "chime",
    "join",
]
