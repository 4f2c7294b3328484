"""What the agent and its hearing child say to each other, one JSON object per line; pure."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from contracts.events import Hearing


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeepOpen(_Line):
    """Open a microphone ahead of what will be played; opening takes up to seconds."""

    do: Literal["keep_open"] = "keep_open"
    camera_id: str
    uri: str = Field(repr=False)
    for_s: Annotated[float, Field(gt=0, le=60)]


class Listen(_Line):
    """Record a microphone, to compare it later with what is played; one `Compared` follows."""

    do: Literal["listen"] = "listen"
    take: int
    """Of our own counting; names this recording in `End`, `Forget` and `Compared`."""
    camera_id: str
    uri: str = Field(repr=False)
    """With the account."""
    audio_path: str
    started_at_s: float
    """Monotonic instant at which the loudspeaker began."""


class End(_Line):
    """The loudspeaker has fallen silent."""

    do: Literal["end"] = "end"
    take: int
    seconds_sent: Annotated[float, Field(ge=0)]


class Forget(_Line):
    """Nobody wants to know any more; no `Compared` follows."""

    do: Literal["forget"] = "forget"
    take: int


class Compared(_Line):
    """What came of one take."""

    take: int
    hearing: Hearing
    score: float = 0.0
    measured_s: float = 0.0
    lag_s: float | None = None
    detail: str = ""


AnyOrder = KeepOpen | Listen | End | Forget
ORDER: TypeAdapter[AnyOrder] = TypeAdapter(Annotated[AnyOrder, Field(discriminator="do")])
