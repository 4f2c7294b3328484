"""Cameras known by their RTSP addresses only: the account is tried once before a stream is opened."""

from drivers.rtsp_camera.camera import open_camera
from drivers.rtsp_camera.probe import probe

__all__ = ["open_camera", "probe"]
