"""The settings of one simulated camera, refused where they do not make sense."""

import json
import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SceneName = Literal["lane-dumping", "market-gate", "culture-house"]
SoapAuth = Literal["both", "username_token", "digest"]


class SettingsError(Exception):
    """The settings of the simulated camera cannot be used; the text says which key and why."""


class LoudspeakerAddress(BaseModel):
    """The multicast group of a loudspeaker near the camera."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    port: int = Field(ge=1, le=65535)


class MicrophoneSettings(BaseModel):
    """What the camera hears: G.711 loudspeakers of its place, later and fainter, and noise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    loudspeakers: tuple[LoudspeakerAddress, ...] = ()
    interface: str = "127.0.0.1"
    """Where the groups are joined."""
    delay_s: float = Field(default=0.4, ge=0, le=2)
    gain: float = Field(default=0.3, ge=0, le=1)
    noise: float = Field(default=300.0, ge=0, le=10_000)
    """Root mean square, in steps of 16 bit; 0: digital silence between broadcasts."""


class CameraSettings(BaseModel):
    """One simulated camera."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "camera"
    host: str = "127.0.0.1"
    http_port: int = Field(default=0, ge=0, le=65535)
    """0 takes a free port."""
    rtsp_port: int = Field(default=0, ge=0, le=65535)
    """0 takes a free port."""
    username: str = "admin"
    password: str = Field(min_length=1)
    scene: SceneName | None = None
    video: Path | None = None
    """A recording, played once from the moment the first viewer of the sub-stream plays."""
    keep_gop: bool = False
    """Stream the recording's own packets instead of encoding it again."""
    seed: int = 1
    first_dumping_s: float = Field(default=6.0, ge=0)
    """Seconds from the start of the scene until the first bag is brought."""
    dumping_every_s: float = Field(default=240.0, ge=60)
    """Seconds from one bag to the next."""
    clock_offset_s: float = 0.0
    """Camera clock minus true time, in seconds."""
    soap_auth: SoapAuth = "both"
    """How SOAP requests may authenticate."""
    events: bool = True
    """Whether the camera tells events by ONVIF pull point."""
    events_longest_s: float = Field(default=3600.0, gt=0)
    """Longest time that a subscription is granted for."""
    microphone: MicrophoneSettings | None = None
    """None: its streams have no audio track."""
    advertised_host: str | None = None
    """A host the camera writes into its addresses instead of the one it was asked at."""
    discovery_interface: str | None = None
    """Address of the interface that answers WS-Discovery; none: the camera is not discoverable."""
    gst_python: str = "/usr/bin/python3"
    """A Python that has the distribution's GStreamer bindings."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.scene is None) == (self.video is None):
            raise ValueError("give either `scene` or `video`")
        if self.keep_gop and self.video is None:
            raise ValueError("`keep_gop` needs `video`")
        return self


def load_settings(config: Path | None, overrides: dict[str, Any]) -> CameraSettings:
    """Read a JSON file, then the command line, then CAMERA_PASSWORD for the password.

    Raises:
        SettingsError: the file is missing or not JSON, or a value is refused.
    """
    try:
        document = json.loads(config.read_text("utf-8")) if config else {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{config} cannot be read as JSON: {error}") from error
    if not isinstance(document, dict):
        raise SettingsError(f"{config} must hold one JSON object")
    document.update(overrides)
    if "password" not in document and "CAMERA_PASSWORD" in os.environ:
        document["password"] = os.environ["CAMERA_PASSWORD"]
    try:
        return CameraSettings.model_validate(document)
    except ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'settings'}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        )
        raise SettingsError(reasons) from error
