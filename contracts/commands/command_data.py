"""What every command's `data` is, and the sound that several of them name; pure."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.codec import Sha256, Wire


class CommandData(Wire):
    """The `data` of a command."""


class Audio(Wire):
    """An announcement, content-addressed; fetched from the centre by its hash."""

    sha256: Sha256
    media_type: Literal["audio/ogg"] = "audio/ogg"
    size_bytes: Annotated[int, Field(gt=0, le=20_000_000)]
    duration_s: Annotated[float, Field(gt=0, le=3_600)]
