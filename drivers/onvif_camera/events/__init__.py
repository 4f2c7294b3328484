"""What a camera's own analysis says, pulled by ONVIF pull point; it judges nothing of it."""

from drivers.onvif_camera.events.camera_event import CameraEvent, PropertyOperation
from drivers.onvif_camera.events.claims import Claim, claim_of
from drivers.onvif_camera.events.clock import ask_clock_offset
from drivers.onvif_camera.events.pull_point import PullPoint, PullPointEnded, open_pull_point

__all__ = [
    "CameraEvent",
    "Claim",
    "PropertyOperation",
    "PullPoint",
    "PullPointEnded",
    "ask_clock_offset",
    "claim_of",
    "open_pull_point",
]
