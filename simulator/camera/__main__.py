"""Runs one simulated camera: `python -m simulator.camera --config FILE.json`."""

import argparse
import asyncio
import json
import os
import signal
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2

from simulator.camera.camera import CameraClock, OrderError, SimulatedCamera, open_camera
from simulator.camera.settings import CameraSettings, SettingsError, load_settings
from simulator.camera.sources import open_player
from simulator.camera.stream.recording import RecordingError
from simulator.camera.stream.rtsp_server import RtspServerError


def say(event: str, **fields: object) -> None:
    """Write one event as a JSON line on standard output."""
    sys.stdout.write(json.dumps({"event": event, **fields}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def arguments() -> dict[str, Any]:
    """Read the command line; what is not given stays out."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator.camera",
        description="One simulated ONVIF camera. The password comes from --config or CAMERA_PASSWORD.",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--config", type=Path, help="JSON file with any of these settings")
    parser.add_argument("--name")
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument("--http-port", type=int, help="0 takes a free port")
    parser.add_argument("--rtsp-port", type=int, help="0 takes a free port")
    parser.add_argument("--username")
    parser.add_argument("--scene", help="lane-dumping, market-gate or culture-house")
    parser.add_argument("--video", type=Path, help="a recording, played once")
    parser.add_argument("--keep-gop", action="store_true", help="do not encode it again")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--first-dumping-s", type=float)
    parser.add_argument("--dumping-every-s", type=float)
    parser.add_argument("--clock-offset-s", type=float)
    parser.add_argument("--discovery-interface", help="address of the interface to be found on")
    return vars(parser.parse_args())


async def run(settings: CameraSettings) -> None:
    """Run the camera until standard input ends or SIGTERM or SIGINT arrives."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock = CameraClock(lambda: datetime.now(UTC), settings.clock_offset_s)  # noqa: TID251
    player = await asyncio.to_thread(open_player, settings, clock.now)
    async with open_camera(settings, player, clock, say) as camera, asyncio.TaskGroup() as group:
        tasks = {
            group.create_task(camera.run(say), name="camera"),
            group.create_task(obey_orders(camera), name="orders"),
            group.create_task(stop.wait(), name="stop"),
        }
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


async def obey_orders(camera: SimulatedCamera) -> None:
    """Obey JSON lines from standard input until it ends."""
    mode = os.fstat(sys.stdin.fileno()).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        # A terminal or /dev/null gives no orders and no end; a signal ends the camera.
        await asyncio.Event().wait()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    async for line in reader:
        try:
            order = json.loads(line)
            camera.obey(order)
        except (OrderError, ValueError) as error:
            say("refused", reason=str(error))
        else:
            say("done", do=order["do"])


def main() -> int:
    """Run one camera and return the exit code: 0 ended as asked, 2 wrong settings, 1 failed."""
    overrides = arguments()
    # OpenCV's own threads cost more than they bring on pictures this small.
    cv2.setNumThreads(1)
    try:
        settings = load_settings(overrides.pop("config", None), overrides)
        asyncio.run(run(settings))
    except SettingsError as error:
        return complain(error, 2)
    except (RecordingError, RtspServerError, OSError) as error:
        return complain(error, 1)
    except ExceptionGroup as group:
        expected, unexpected = group.split((RecordingError, RtspServerError, OSError))
        if unexpected is not None or expected is None:
            raise
        return complain(expected.exceptions[0], 1)
    return 0


def complain(error: BaseException, code: int) -> int:
    """Say on standard error what went wrong."""
    sys.stderr.write(f"simulated camera: {error}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
