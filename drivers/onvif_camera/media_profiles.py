"""Chooses the media profiles for analysis and evidence. Pure: no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.camera import CameraUnsupported

USABLE_ENCODINGS = frozenset({"H264", "H265"})
SMALLEST_WIDTH_PX = 320
"""Below this a bag of rubbish is a handful of pixels."""


@dataclass(frozen=True, kw_only=True)
class MediaProfile:
    """One media profile of a camera."""

    token: str
    encoding: str
    """As ONVIF writes it: JPEG, MPEG4, H264, H265."""
    width: int
    height: int
    source: str = ""
    """Token of the video source: a device may have several lenses, or be a recorder of many cameras."""
    bounds: tuple[int, int, int, int] | None = None
    """Which part of the source it shows: x, y, width, height; None: the camera does not say."""

    @property
    def pixels(self) -> int:
        """Pixels of one picture."""
        return self.width * self.height

    def shows_the_same(self, other: "MediaProfile") -> bool:
        """Whether what lies at a place of one picture lies at the same place of the other's."""
        if self.source != other.source:
            return False
        if self.bounds is None or other.bounds is None or self.bounds == other.bounds:
            return True
        # Some cameras give the size of the stream instead of the part of the source.
        return self.bounds_say_nothing and other.bounds_say_nothing

    @property
    def bounds_say_nothing(self) -> bool:
        """Whether they are the size of the stream itself."""
        return self.bounds == (0, 0, self.width, self.height)


def choose_evidence(media_profiles: Sequence[MediaProfile]) -> MediaProfile:
    """Return the profile with the largest picture.

    Raises:
        CameraUnsupported: no profile carries H.264 or H.265.
    """
    return max(_usable(media_profiles), key=lambda profile: profile.pixels)


def choose_analysis(media_profiles: Sequence[MediaProfile]) -> MediaProfile:
    """Return the smallest profile that is at least 320 wide, else the largest there is.

    Only of those that show what the one for evidence shows: zones and privacy masks hold for both.

    Raises:
        CameraUnsupported: no profile carries H.264 or H.265.
    """
    evidence = choose_evidence(media_profiles)
    usable = [one for one in _usable(media_profiles) if one.shows_the_same(evidence)]
    wide = [profile for profile in usable if profile.width >= SMALLEST_WIDTH_PX]
    if not wide:
        return max(usable, key=lambda profile: profile.pixels)
    return min(wide, key=lambda profile: profile.pixels)


def _usable(media_profiles: Sequence[MediaProfile]) -> list[MediaProfile]:
    usable = [profile for profile in media_profiles if profile.encoding in USABLE_ENCODINGS]
    if not usable:
        seen = ", ".join(sorted({profile.encoding for profile in media_profiles})) or "nothing"
        raise CameraUnsupported(
            f"the camera offers {seen}; switch one of its streams to H.264 or H.265"
        )
    return usable
