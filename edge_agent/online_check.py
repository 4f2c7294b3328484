"""Tries what a configuration names, once each: broker, centre, devices. Changes nothing anywhere."""

import asyncio

from drivers.camera import CameraError
from drivers.loudspeaker import LoudspeakerError
from edge_agent.app import account_of
from edge_agent.cameras.streams import credentials_of, find_streams
from edge_agent.centre_http import AudioRefused, CentreUnreachable, open_centre_http
from edge_agent.clock import Clock
from edge_agent.config import CameraSettings, GatewayConfig
from edge_agent.loudspeakers.settings import HttpPullSink, Loudspeaker
from edge_agent.playout.sinks import read_status
from edge_agent.secret_files import read_secret
from edge_agent.wire.bus import BusError, try_account

_NO_AUDIO = "0" * 64
_ANSWER_S = 10.0


async def find_troubles(config: GatewayConfig, clock: Clock) -> list[str]:
    """Return one sentence per thing that does not answer as it should.

    Raises:
        ConfigurationError: a secret cannot be read.
    """
    troubles = [*await _try_broker(config), *await _try_centre(config)]
    for camera in config.cameras:
        troubles += await _try_camera(camera, clock)
    for loudspeaker in config.loudspeakers:
        troubles += await _try_loudspeaker(loudspeaker)
    return troubles


async def _try_broker(config: GatewayConfig) -> list[str]:
    account = account_of(config.broker, username=config.gateway_id)
    try:
        await try_account(account, identifier=f"{config.gateway_id}-check")
    except BusError as error:
        return [f"broker {account.host}:{account.port}: {error}"]
    return []


async def _try_centre(config: GatewayConfig) -> list[str]:
    centre = config.centre
    token = read_secret(centre.token_file)
    async with open_centre_http(centre.url, token=token, ca_file=centre.ca_file) as http:
        try:
            await http.fetch_audio(_NO_AUDIO, size_bytes=1)
        except CentreUnreachable as error:
            return [f"centre {centre.url}: {error}"]
        except AudioRefused as error:
            # It knows of no such audio: that is the answer to a token it accepts.
            return [] if error.status_code == 404 else [f"centre {centre.url}: {error}"]
    return []


async def _try_camera(camera: CameraSettings, clock: Clock) -> list[str]:
    try:
        streams = await find_streams(camera, credentials_of(camera), clock)
    except CameraError as error:
        return [f"camera {camera.id}: {error}"]
    if streams.evidence_fault:
        return [f"camera {camera.id}: its main stream (evidence_uri): {streams.evidence_fault}"]
    return []


async def _try_loudspeaker(loudspeaker: Loudspeaker) -> list[str]:
    sink = loudspeaker.sink
    if isinstance(sink, HttpPullSink):
        return []  # it fetches from the agent, which does not run now
    password = read_secret(loudspeaker.password_file) if loudspeaker.password_file else None
    try:
        async with asyncio.timeout(_ANSWER_S):
            await read_status(sink, password=password)
    except TimeoutError:
        return [f"loudspeaker {loudspeaker.id}: no answer within {_ANSWER_S:.0f} s"]
    except LoudspeakerError as error:
        return [f"loudspeaker {loudspeaker.id}: {error}"]
    return []
