"""The base of every event's data, and the evidence that several kinds carry; pure."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.codec import Instant, Sha256, Share, Wire


class EventData(Wire):
    """The `data` of an event."""


class Picture(Wire):
    """An evidence picture that the gateway will upload under its hash."""

    role: Literal["before", "depositing", "after", "shown"]
    """`shown`: what the camera shows, for events that have no course."""
    sha256: Sha256
    media_type: Literal["image/jpeg"] = "image/jpeg"
    width_px: Annotated[int, Field(gt=0, le=16_384)]
    height_px: Annotated[int, Field(gt=0, le=16_384)]
    size_bytes: Annotated[int, Field(gt=0, le=20_000_000)]
    taken_at: Instant


class Clip(Wire):
    """An evidence clip that the gateway will upload under its hash."""

    sha256: Sha256
    media_type: Literal["video/mp4"] = "video/mp4"
    codec: Literal["h264", "hevc"]
    """Browsers without a licence for H.265 show `hevc` not at all: offer it as a file."""
    width_px: Annotated[int, Field(gt=0, le=16_384)]
    height_px: Annotated[int, Field(gt=0, le=16_384)]
    size_bytes: Annotated[int, Field(gt=0, le=100_000_000)]
    begins_at: Instant
    duration_s: Annotated[float, Field(gt=0, le=600)]
    encoded_again: bool
    """Privacy masks were burnt in; otherwise these are the camera's own bytes."""


Pictures = Annotated[tuple[Picture, ...], Field(max_length=12)]
Box = tuple[Share, Share, Share, Share]
"""Left, top, width, height as shares of the picture."""
