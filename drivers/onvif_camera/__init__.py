"""ONVIF cameras: found by WS-Discovery, asked by SOAP for their streams; it never opens a stream."""

from drivers.onvif_camera.device import open_camera
from drivers.onvif_camera.discovery import DiscoveredCamera, discover
from drivers.onvif_camera.snapshot import fetch_snapshot

__all__ = ["DiscoveredCamera", "discover", "fetch_snapshot", "open_camera"]
