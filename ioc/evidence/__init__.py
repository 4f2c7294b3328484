"""Evidence: the pictures and clips that prove an alarm."""

from ioc.evidence.proofs import MAX_CLIP_BYTES, MAX_PICTURE_BYTES, Announced
from ioc.evidence.refusals import (
    EvidenceRefused,
    NotAClip,
    NotAnnounced,
    NotAPicture,
    TooLarge,
    WrongHash,
)
from ioc.evidence.store import EvidenceStore

__all__ = [
    "MAX_CLIP_BYTES",
    "MAX_PICTURE_BYTES",
    "Announced",
    "EvidenceRefused",
    "EvidenceStore",
    "NotAClip",
    "NotAPicture",
    "NotAnnounced",
    "TooLarge",
    "WrongHash",
]
