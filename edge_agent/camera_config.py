"""What may be set for cameras: streams, zones, masks, clips, the optional detector.

Holds no secret; reads no file but, when asked to check, the detector's model.
"""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from contracts.codec import Id, Name, Sha256, Share
from edge_agent.cameras.hours import Hours
from edge_agent.detector_model import find_fault
from edge_agent.polygons import FEWEST_PIXELS, WHOLE_PICTURE, crosses_itself, visible_share
from edge_agent.secret_files import FilePath, SecretFile
from edge_agent.strict_yaml import StrictSettings
from edge_agent.vision.orders import Detector

Purpose = Literal["no_dumping", "motion", "intrusion", "loitering", "crowding"]
USUAL_PRESENT_S = {"intrusion": 1.0, "loitering": 60.0, "crowding": 10.0}
"""How long somebody must be there, or a crowd must last, where the zone says nothing."""
CHECKS_FILES = "checks_files"
"""Key of the validation context: look at large files too."""


def _polygon(corners: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    if visible_share(corners) < FEWEST_PIXELS:
        raise ValueError(
            "covers no more than a few pixels; give corners that are apart and not on one line"
        )
    if crosses_itself(corners):
        # Between the lines that cross, a privacy mask would hide nothing.
        raise ValueError("its outline crosses itself; give the corners in order around it")
    return corners


def _in_picture(share: float) -> float:
    if not 0.0 <= share <= 1.0:
        raise ValueError(
            f"{share:g} lies outside the picture; give shares of its width and height, from 0 to 1"
        )
    return share


def _hours(text: str) -> str:
    Hours.parse(text)
    return text


Coordinate = Annotated[float, AfterValidator(_in_picture)]
Polygon = Annotated[
    tuple[tuple[Coordinate, Coordinate], ...],
    Field(min_length=3, max_length=100),
    AfterValidator(_polygon),
]
"""Corners as shares of width and height, origin top left."""


class ZoneSettings(StrictSettings):
    """A part of the picture with a purpose."""

    name: Name
    purpose: Purpose
    polygon: Polygon
    hours: tuple[Annotated[str, AfterValidator(_hours)], ...] = ()
    """When it watches, like `22:00-05:00`, in the gateway's time zone; none: always."""
    present_s: Annotated[float, Field(ge=0, le=3_600)] | None = None
    """None: as usual for the purpose."""
    crowd_share: Annotated[float, Field(ge=0.05, le=1.0)] | None = None
    """Share of the zone that people must cover; None: as usual."""

    @model_validator(mode="after")
    def _fits_purpose(self) -> Self:
        if self.present_s is not None and self.purpose not in USUAL_PRESENT_S:
            raise ValueError(
                f"present_s means nothing in a zone for {self.purpose};"
                f" it is for {', '.join(USUAL_PRESENT_S)}"
            )
        if self.crowd_share is not None and self.purpose != "crowding":
            raise ValueError(
                f"crowd_share means nothing in a zone for {self.purpose}; it is for crowding"
            )
        return self

    @property
    def daily_hours(self) -> tuple[Hours, ...]:
        """The hours within which it watches; none: always."""
        return tuple(Hours.parse(text) for text in self.hours)


class ClipSettings(StrictSettings):
    """How much a clip shows; its bounds are what 12 MB of ring hold of a stream of 4 Mbit/s."""

    before_s: Annotated[float, Field(ge=0, le=15)] = 8.0
    after_s: Annotated[float, Field(ge=0, le=15)] = 4.0


class DetectorSettings(StrictSettings):
    """An ONNX model that looks at what was left; everything works without it."""

    model_file: FilePath
    sha256: Sha256
    licence: Annotated[Name, Field(min_length=1)]
    """Of the model, such as `Apache-2.0`: for whoever must answer for its use."""
    labels: Annotated[tuple[Name, ...], Field(max_length=1_000)] = ()
    """Names of the model's classes in their order; none: the 80 of COCO."""
    least_confidence: Share = 0.4

    @model_validator(mode="after")
    def _there(self, info: ValidationInfo) -> Self:
        if (info.context or {}).get(CHECKS_FILES):
            fault = find_fault(self.model_file, self.sha256)
            if fault is not None:
                raise ValueError(fault)
        return self

    @property
    def order(self) -> Detector:
        """It as the vision child takes it."""
        return Detector(
            model_file=str(self.model_file),
            sha256=self.sha256,
            labels=self.labels,
            least_confidence=self.least_confidence,
        )


class CameraSettings(StrictSettings):
    """One camera."""

    id: Id
    name: Name
    area: Id
    driver: Literal["onvif", "rtsp"]
    xaddr: str | None = None
    """Of an ONVIF camera: the address of its device service."""
    analysis_uri: str | None = None
    """Of an RTSP camera: the sub-stream, without credentials."""
    evidence_uri: str | None = None
    username: str | None = None
    password_file: SecretFile | None = None
    masks: tuple[Polygon, ...] = ()
    """Before `zones`: what they hide must be known when a zone is judged."""
    zones: tuple[ZoneSettings, ...] = ()
    unattended_s: Annotated[float, Field(ge=1, le=3_600)] = 10.0
    sensitivity: Share = 0.5
    clip: ClipSettings = ClipSettings()
    camera_events: bool = True
    """Listen to an ONVIF camera's own analysis; other cameras have none."""
    loudspeakers: tuple[Id, ...] = ()
    """The loudspeakers heard there, nearest first."""

    @field_validator("analysis_uri", "evidence_uri", "xaddr")
    @classmethod
    def _without_credentials(cls, uri: str | None) -> str | None:
        if uri is not None and "@" in urlsplit(uri).netloc:
            raise ValueError("give username and password_file; an address holds no credentials")
        return uri

    @field_validator("masks")
    @classmethod
    def _leave_something(cls, masks: tuple[Polygon, ...]) -> tuple[Polygon, ...]:
        if masks and visible_share(WHOLE_PICTURE, masks) < FEWEST_PIXELS:
            raise ValueError(
                "the masks cover the whole picture; make them smaller, or leave the camera out"
            )
        return masks

    @field_validator("zones")
    @classmethod
    def _see_something(
        cls, zones: tuple[ZoneSettings, ...], info: ValidationInfo
    ) -> tuple[ZoneSettings, ...]:
        masks = info.data.get("masks", ())
        for zone in zones:
            if visible_share(zone.polygon, masks) < FEWEST_PIXELS:
                raise ValueError(
                    f"the zone {zone.name} lies wholly under privacy masks;"
                    " move it, make the masks smaller, or leave it out"
                )
        if len({zone.name for zone in zones}) < len(zones):
            raise ValueError("two zones have the same name")
        return zones

    @model_validator(mode="after")
    def _address_fits_driver(self) -> Self:
        if self.driver == "onvif" and (self.xaddr is None or self.analysis_uri is not None):
            raise ValueError("an onvif camera needs xaddr, and no analysis_uri")
        if self.driver == "rtsp" and (self.analysis_uri is None or self.xaddr is not None):
            raise ValueError("an rtsp camera needs analysis_uri, and no xaddr")
        if (self.username is None) != (self.password_file is None):
            raise ValueError("username and password_file belong together")
        return self


VIEW = frozenset({"zones", "masks"})
"""Settings of what may be seen: where they are wrong, nothing of the camera may be watched."""


class UnwatchedCamera(CameraSettings):
    """A camera that is known and not watched; it has neither zones nor masks."""

    fault: str
    """What is wrong with those in the file."""
