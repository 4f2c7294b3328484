"""The command `edge-agent zones`: look at a camera's zones on a grid, set and remove them by points."""

import argparse
import os
import sys
from pathlib import Path
from typing import get_args

import cv2
import yaml

from edge_agent import config
from edge_agent.app import make_timekeeper
from edge_agent.camera_config import ZoneSettings
from edge_agent.config import CameraSettings, GatewayConfig
from edge_agent.replay import ReplayError, check_written, zones_of
from edge_agent.strict_yaml import parse
from edge_agent.tuning import overlay
from edge_agent.tuning.stills import NoStill, still_of_camera, still_of_recording
from edge_agent.tuning.zone_file import (
    ENTANGLED,
    ZoneEditRefused,
    ZonePoints,
    parse_points,
    remove_zone,
    set_zone,
)
from edge_agent.vision.orders import Purpose


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `edge-agent zones`."""
    acts = parser.add_subparsers(required=True, metavar="show|set|remove", dest="act")
    show = acts.add_parser("show", help="write a still with a grid and the zones drawn on it")
    show.add_argument("--output", type=Path, required=True, metavar="OUT.jpg")
    show.add_argument("--video", type=Path, help="take the still from a recording")
    change = acts.add_parser("set", help="change a zone's corners and purpose, or add the zone")
    change.add_argument("--purpose", choices=get_args(Purpose), required=True)
    change.add_argument(
        "--points", required=True, metavar='"x,y x,y x,y"', help="shares read off the grid"
    )
    remove = acts.add_parser("remove", help="remove a zone")
    for act in (change, remove):
        act.add_argument("--zone", required=True, metavar="NAME")
    for act in (show, change, remove):
        act.add_argument("--config", type=Path, required=True, metavar="gateway.yaml")
        act.add_argument("--camera", required=True, metavar="ID")


def main(args: argparse.Namespace) -> int:
    """Do it; return the exit code (1: the camera gives no picture, 2: wrong usage).

    Raises:
        ConfigurationError: the file has faults, or would have after the change.
    """
    try:
        if args.act == "show":
            _show(args, _camera(config.load(args.config), args.camera))
        else:
            _edit(args)
    except (ZoneEditRefused, ReplayError) as error:
        sys.stderr.write(f"edge-agent zones: {error}\n")
        return 2
    except NoStill as error:
        sys.stderr.write(f"edge-agent zones: {error}\n")
        return 1
    return 0


def _camera(loaded: GatewayConfig, camera_id: str) -> CameraSettings:
    for camera in loaded.cameras:
        if camera.id == camera_id:
            return camera
    known = ", ".join(camera.id for camera in loaded.cameras) or "none"
    raise ZoneEditRefused(f"there is no camera {camera_id}; the file has: {known}")


def _show(args: argparse.Namespace, camera: CameraSettings) -> None:
    check_written(args.output, reads=(args.video, args.config))
    if args.video:
        image = still_of_recording(args.video)
    else:
        image = still_of_camera(camera, make_timekeeper().clock)
    overlay.draw_grid(image)
    overlay.draw_masks(image, camera.masks)
    overlay.draw_zones(image, zones_of(camera))
    encoded, body = cv2.imencode(".jpg", image)
    if not encoded:
        raise NoStill("the still could not be encoded as JPEG")
    args.output.write_bytes(body.tobytes())
    sys.stdout.write(f"{args.output}: {image.shape[1]}x{image.shape[0]}\n")
    for zone in camera.zones:
        points = " ".join(f"{x:g},{y:g}" for x, y in zone.polygon)
        sys.stdout.write(f"{zone.name} ({zone.purpose}): {points}\n")


def _edit(args: argparse.Namespace) -> None:
    before = config.load(args.config)
    text = args.config.read_text(encoding="utf-8")
    zone = None
    if args.act == "set":
        zone = ZonePoints(name=args.zone, purpose=args.purpose, polygon=parse_points(args.points))
        edited = set_zone(text, args.camera, zone)
    else:
        edited = remove_zone(text, args.camera, args.zone)
    after = _parse(edited, args.config.resolve().parent)
    zones = _camera(before, args.camera).zones
    wanted = _with(zones, zone) if zone else tuple(one for one in zones if one.name != args.zone)
    if after != _with_zones(before, args.camera, wanted):
        raise ZoneEditRefused(ENTANGLED)
    _replace(args.config, text, edited)
    count = "1 zone" if len(wanted) == 1 else f"{len(wanted)} zones"
    sys.stdout.write(
        f"{args.config}: camera {args.camera} has {count} now; the file as it was is"
        f" {args.config.name}.bak. Restart the agent to use it.\n"
    )


def _parse(edited: str, folder: Path) -> GatewayConfig:
    try:
        yaml.compose(edited, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        # Such as a name that other settings use and that went with the zone.
        raise ZoneEditRefused(ENTANGLED) from error
    return parse(GatewayConfig, edited, context={"folder": folder})


def _with(zones: tuple[ZoneSettings, ...], zone: ZonePoints) -> tuple[ZoneSettings, ...]:
    drawn = {"purpose": zone.purpose, "polygon": zone.polygon}
    if all(one.name != zone.name for one in zones):
        new = ZoneSettings(name=zone.name, purpose=zone.purpose, polygon=zone.polygon)
        return (*zones, new)
    return tuple(one.model_copy(update=drawn) if one.name == zone.name else one for one in zones)


def _with_zones(
    before: GatewayConfig, camera_id: str, zones: tuple[ZoneSettings, ...]
) -> GatewayConfig:
    cameras = tuple(
        one.model_copy(update={"zones": zones}) if one.id == camera_id else one
        for one in before.cameras
    )
    return before.model_copy(update={"cameras": cameras})


def _replace(path: Path, old: str, new: str) -> None:
    """Write the file whole or not at all, its former text beside it."""
    mode = path.stat().st_mode & 0o777
    path.with_name(f"{path.name}.bak").write_text(old, encoding="utf-8")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(new, encoding="utf-8")
    part.chmod(mode)
    part.replace(path)
