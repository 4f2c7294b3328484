"""A gateway's configuration: what may stand in gateway.yaml, and how it is read.

Holds no secret: secrets stay in files that are read when they are needed.
"""

import base64
import binascii
import ipaddress
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import AfterValidator, Field, field_validator, model_validator

from contracts.errors import ContractError
from contracts.topics import Address
from edge_agent.camera_config import (
    CHECKS_FILES,
    VIEW,
    CameraSettings,
    DetectorSettings,
    UnwatchedCamera,
)
from edge_agent.loudspeakers.settings import LoudspeakerSettings, Port
from edge_agent.secret_files import FilePath, SecretFile
from edge_agent.strict_yaml import ConfigurationError, StrictSettings, parse

__all__ = [
    "CameraSettings",
    "GatewayConfig",
    "LoudspeakerSettings",
    "UnwatchedCamera",
    "load",
    "load_sparing",
]

RING_MB_PER_CAMERA = 20
"""The packet rings of one camera: 8 MB of the analysis stream, 12 MB of the evidence stream."""


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class CentreSettings(StrictSettings):
    """Where the control centre is and how it is recognised."""

    url: str
    token_file: SecretFile
    public_key: str
    """Base64 of the raw Ed25519 key that signs commands."""
    ca_file: SecretFile | None = None
    evidence_kbit_s: Annotated[int, Field(ge=16)] = 1_000
    """Largest rate of picture uploads."""

    @field_validator("url")
    @classmethod
    def _safe(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must begin with https:// (http:// only to this machine)")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("pictures may leave this machine only by https://")
        return url.rstrip("/")

    @field_validator("public_key")
    @classmethod
    def _a_key(cls, text: str) -> str:
        _parse_key(text)
        return text

    @property
    def key(self) -> Ed25519PublicKey:
        """The key that signs commands."""
        return _parse_key(self.public_key)


def _parse_key(text: str) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ValueError("must be the base64 key that `ioc gateway add` printed") from error


class TlsSettings(StrictSettings):
    """How the broker is recognised."""

    ca_file: SecretFile | None = None
    """None: the system's authorities."""


class BrokerSettings(StrictSettings):
    """The MQTT broker; the user name is the gateway's id."""

    host: str
    port: Port = 8_883
    password_file: SecretFile
    tls: TlsSettings | None = None

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if self.tls is None and not is_loopback(self.host):
            raise ValueError("a broker on another machine needs tls")
        return self


class OutboxSettings(StrictSettings):
    """Bounds of the disk-backed queue."""

    max_mb: Annotated[int, Field(ge=1, le=65_536)] = 256
    late_after_s: Annotated[float, Field(gt=0)] = 300.0
    keep_h: Annotated[float, Field(ge=0)] = 24.0


class TelemetrySettings(StrictSettings):
    """How often is measured and how often written to disk."""

    sample_s: Annotated[float, Field(ge=1, le=60)] = 10.0
    commit_s: Annotated[float, Field(ge=1, le=60)] = 60.0
    """At most 60: the centre takes 90 s of silence for a gateway that is down."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name} is no time zone; write it like Asia/Ho_Chi_Minh") from error
    return name


class GatewayConfig(StrictSettings):
    """Everything in gateway.yaml, paths made absolute."""

    site_id: str
    gateway_id: str
    data_dir: FilePath
    centre: CentreSettings
    broker: BrokerSettings
    cameras: tuple[CameraSettings, ...] = ()
    loudspeakers: tuple[LoudspeakerSettings, ...] = ()
    loudness_lufs: Annotated[float, Field(ge=-30, le=-9)] = -16.0
    """How loud every announcement is made before a loudspeaker's own volume (EBU R128)."""
    outbox: OutboxSettings = OutboxSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    ring_memory_mb: Annotated[int, Field(ge=1)] = 640
    """Memory for compressed video; 20 MB per camera."""
    time_zone: Annotated[str, AfterValidator(_zone)] = "Asia/Ho_Chi_Minh"
    """In which zones have their hours."""
    detector: DetectorSettings | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        faults = [*self._address_faults(), *self._device_faults()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def address(self) -> Address:
        """The gateway's address on the wire."""
        return Address.of(self.site_id, self.gateway_id)

    def _address_faults(self) -> Iterable[str]:
        try:
            Address.of(self.site_id, self.gateway_id)
        except ContractError as error:
            yield f"site_id, gateway_id: {error}"

    def _device_faults(self) -> Iterable[str]:
        known = {loudspeaker.id for loudspeaker in self.loudspeakers}
        counts = Counter(
            [camera.id for camera in self.cameras]
            + [loudspeaker.id for loudspeaker in self.loudspeakers]
        )
        for device_id, count in counts.items():
            if count > 1:
                yield f"{count} devices have the id {device_id}"
        for camera in self.cameras:
            for unknown in sorted(set(camera.loudspeakers) - known):
                yield f"camera {camera.id} names the loudspeaker {unknown}, which is not configured"
        seeing = {camera.id for camera in self.cameras}
        for loudspeaker in self.loudspeakers:
            for unknown in sorted(set(loudspeaker.near_cameras or ()) - seeing):
                yield (
                    f"loudspeaker {loudspeaker.id} names the camera {unknown},"
                    " which is not configured"
                )
        needed_mb = RING_MB_PER_CAMERA * len(self.cameras)
        if needed_mb > self.ring_memory_mb:
            yield (
                f"{len(self.cameras)} cameras need ring_memory_mb of {needed_mb}, "
                f"it is {self.ring_memory_mb}"
            )


def load(path: Path, *, checks_files: bool = False) -> GatewayConfig:
    """Return the configuration in a file; relative paths in it start at its folder.

    Args:
        path: of gateway.yaml.
        checks_files: refuse also what the gateway would do without, such as a detector whose
            model is missing or another one.

    Raises:
        ConfigurationError: with every fault, its line and the nearest valid key.
    """
    text, context = _read(path)
    return parse(GatewayConfig, text, context=context | {CHECKS_FILES: checks_files})


def load_sparing(path: Path) -> GatewayConfig:
    """Return the configuration to run with: one camera's wrong zones or masks stop no other.

    Such a camera is an `UnwatchedCamera`.

    Raises:
        ConfigurationError: as `load`, if anything else is wrong as well.
    """
    text, context = _read(path)
    try:
        return parse(GatewayConfig, text, context=context)
    except ConfigurationError as error:
        faults = _view_faults(error)
        if not faults:
            raise
    without = [("cameras", index, key) for index in faults for key in VIEW]
    loaded = parse(GatewayConfig, text, context=context, without=without)
    cameras = (
        UnwatchedCamera.model_construct(**dict(camera), fault=faults[index])
        if index in faults
        else camera
        for index, camera in enumerate(loaded.cameras)
    )
    return loaded.model_copy(update={"cameras": tuple(cameras)})


def _read(path: Path) -> tuple[str, dict[str, object]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise ConfigurationError([f"{path} cannot be read: {reason}"]) from error
    return text, {"folder": path.resolve().parent}


def _view_faults(error: ConfigurationError) -> dict[int, str]:
    """Return the first fault of each camera; empty if any concerns more than what may be seen."""
    faults: dict[int, str] = {}
    for fault, place in zip(error.faults, error.places, strict=False):
        match place:
            case ("cameras", int(index), str(key), *_) if key in VIEW:
                faults.setdefault(index, fault)
            case _:
                return {}
    return faults
