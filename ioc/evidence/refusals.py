"""Why evidence is not taken.

EvidenceRefused
├── NotAnnounced
├── TooLarge
├── WrongHash
├── NotAPicture
└── NotAClip
"""


class EvidenceRefused(Exception):
    """A picture or clip is not taken; the gateway's technician must look into it."""


class NotAnnounced(EvidenceRefused):
    """No committed event of this gateway announced the hash (yet)."""


class TooLarge(EvidenceRefused):
    """The body exceeds the limit of its kind."""


class WrongHash(EvidenceRefused):
    """The body is not what its hash names."""


class NotAPicture(EvidenceRefused):
    """The body cannot be decoded as a JPEG of the announced size."""


class NotAClip(EvidenceRefused):
    """The body is no whole MP4 file with one H.264 or H.265 track."""
