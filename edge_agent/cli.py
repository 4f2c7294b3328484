"""The command `edge-agent`: run, check, discover, replay, zones, sensitivity.

Exit codes: 0 done, 1 trouble that may pass (a device, the broker), 2 wrong configuration or usage,
130 stopped by Ctrl-C.
Each command imports what it needs: the wire and ONVIF cost a second and 60 MB, OpenCV as much.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from edge_agent import config
from edge_agent.config import GatewayConfig
from edge_agent.outbox import OutboxError
from edge_agent.secret_files import too_open
from edge_agent.strict_yaml import ConfigurationError

_TUNING = {
    "replay": ("edge_agent.replay", "run the analysis over a recording"),
    "zones": ("edge_agent.tuning.zones", "see and change a camera's zones"),
    "sensitivity": (
        "edge_agent.tuning.sensitivity",
        "say what a recording would have alarmed at which settings",
    ),
}
"""Commands for a technician, with OpenCV: imported only when called."""

EXIT_DONE = 0
EXIT_TROUBLE = 1
EXIT_CONFIGURATION = 2
EXIT_INTERRUPTED = 130

_FITTING_MODEL = "give a model and labels as docs/tuning.md says, or leave detector out"
_ANY_INTERFACE = "0.0.0.0"  # noqa: S104 -- asks through it, listens for answers only


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        args = _parser(words[0] if words else "").parse_args(words)
        return int(args.command(args))
    except KeyboardInterrupt:
        _complain("stopped before the end; what it has said so far is not all")
        # What a library's thread was waiting for is gone, which it would complain about.
        _end_at_once(EXIT_INTERRUPTED)
    except ConfigurationError as error:
        for fault in error.faults:
            _complain(fault)
        return EXIT_CONFIGURATION
    except (OutboxError, OSError) as error:
        _complain(str(error))
        return EXIT_TROUBLE


def _end_at_once(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _parser(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="edge-agent", description="One gateway: its cameras and loudspeakers."
    )
    parser.add_argument("--version", action="version", version=version("commune-ioc"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run the gateway until SIGTERM")
    _take_config(run)
    run.set_defaults(command=_run)
    check = commands.add_parser("check", help="say what is wrong with a configuration")
    _take_config(check)
    check.add_argument(
        "--online", action="store_true", help="also try broker, centre and every device once"
    )
    check.set_defaults(command=_check)
    discover = commands.add_parser("discover", help="find ONVIF cameras in the network")
    discover.add_argument(
        "--interface",
        default=_ANY_INTERFACE,
        metavar="ADDRESS",
        help="this machine's address there",
    )
    discover.add_argument("--timeout-s", type=float, default=3.0)
    discover.set_defaults(command=_discover)
    for name, (module, purpose) in _TUNING.items():
        tool = commands.add_parser(name, help=purpose)
        if name == command:
            _prepare(tool, import_module(module))
    return parser


def _take_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, required=True, metavar="gateway.yaml")


def _prepare(parser: argparse.ArgumentParser, tool: ModuleType) -> None:
    tool.add_arguments(parser)
    parser.set_defaults(command=tool.main)


def _run(args: argparse.Namespace) -> int:
    from edge_agent import app  # noqa: PLC0415

    loaded = config.load_sparing(args.config)
    for camera in loaded.cameras:
        if isinstance(camera, config.UnwatchedCamera):
            _complain(f"camera {camera.id} is not watched: {camera.fault}")
    app.serve(loaded)
    return EXIT_DONE


def _check(args: argparse.Namespace) -> int:
    loaded = config.load(args.config, checks_files=True)
    for warning in too_open(_secrets_of(loaded)):
        _complain(f"warning: {warning}")
    if refusal := _refusal_of_model(loaded):
        _complain(f"detector: {refusal}; {_FITTING_MODEL}")
        return EXIT_CONFIGURATION
    _say(
        f"{args.config}: gateway {loaded.gateway_id} of {loaded.site_id},"
        f" {len(loaded.cameras)} cameras, {len(loaded.loudspeakers)} loudspeakers: correct"
    )
    return _check_online(loaded) if args.online else EXIT_DONE


def _refusal_of_model(loaded: GatewayConfig) -> str | None:
    """Return why the detector's model does not fit, None if it does or there is none."""
    if loaded.detector is None:
        return None
    from edge_agent.vision.detector.layouts import DetectorRefused  # noqa: PLC0415
    from edge_agent.vision.detector.model import ObjectDetector  # noqa: PLC0415

    try:
        ObjectDetector(loaded.detector.order)
    except DetectorRefused as refusal:
        return str(refusal)
    return None


def _secrets_of(loaded: GatewayConfig) -> list[Path]:
    devices = (*loaded.cameras, *loaded.loudspeakers)
    passwords = [device.password_file for device in devices if device.password_file]
    return [loaded.centre.token_file, loaded.broker.password_file, *passwords]


def _check_online(loaded: GatewayConfig) -> int:
    from edge_agent import app, online_check  # noqa: PLC0415

    troubles = asyncio.run(online_check.find_troubles(loaded, app.make_timekeeper().clock))
    for trouble in troubles:
        _complain(trouble)
    if not troubles:
        _say("broker, centre, cameras and loudspeakers answer")
    return EXIT_TROUBLE if troubles else EXIT_DONE


def _discover(args: argparse.Namespace) -> int:
    from edge_agent import discovery  # noqa: PLC0415

    found = asyncio.run(discovery.find_cameras(args.interface, timeout_s=args.timeout_s))
    _say(discovery.describe(found))
    return EXIT_DONE if found else EXIT_TROUBLE


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _complain(text: str) -> None:
    sys.stderr.write(f"edge-agent: {text}\n")
