"""Cameras that answer in the network, as a table and as lines to put into gateway.yaml."""

import re

import yaml

from drivers.onvif_camera import DiscoveredCamera, discover

_NOBODY = (
    "no camera answered: is this machine in the cameras' network, and is ONVIF switched on there?"
)


async def find_cameras(interface: str, *, timeout_s: float) -> list[DiscoveredCamera]:
    """Return every ONVIF camera that answers within `timeout_s`."""
    return [camera async for camera in discover(interface, timeout_s=timeout_s)]


def describe(cameras: list[DiscoveredCamera]) -> str:
    """Return what a technician needs to configure them."""
    if not cameras:
        return _NOBODY
    rows = [("NAME", "HARDWARE", "ADDRESS")]
    rows += [
        (camera.name or "-", camera.hardware or "-", camera.xaddrs[0] if camera.xaddrs else "-")
        for camera in cameras
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    table = [
        f"{name:{widths[0]}}  {hardware:{widths[1]}}  {xaddr}" for name, hardware, xaddr in rows
    ]
    return "\n".join([*table, "", "# for gateway.yaml:", _snippet(cameras)])


def _snippet(cameras: list[DiscoveredCamera]) -> str:
    entries = [
        {
            "id": _id_from(camera.name, number),
            "name": camera.name or f"camera {number}",
            "area": "REPLACE-BY-AREA-ID",
            "driver": "onvif",
            "xaddr": camera.xaddrs[0],
            "username": "REPLACE-BY-USERNAME",
            "password_file": f"cameras/{_id_from(camera.name, number)}",
        }
        for number, camera in enumerate(cameras, start=1)
        if camera.xaddrs
    ]
    return str(yaml.safe_dump({"cameras": entries}, sort_keys=False, allow_unicode=True))


def _id_from(name: str | None, number: int) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", (name or "").lower()).strip("-")[:50]
    return f"{plain or 'camera'}-{number}"
