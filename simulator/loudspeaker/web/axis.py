"""A loudspeaker that speaks VAPIX, from the maker's public documents.

developer.axis.com/vapix: Audio API (transmit.cgi, errors 400, 415, 503), Basic device information,
Audio Device Control, Temperature control, Parameter management. One transmitter at a time, and one
that says nothing for a second (`Audio.ReceiverTimeout`) is cut off.
"""

import asyncio
import json

from simulator.loudspeaker.g711 import PCMU
from simulator.loudspeaker.web.http import Answer, Request, read_body
from simulator.loudspeaker.web.playing import Condition, Player

REALM = "AXIS_SIM0000000001"
RECEIVER_TIMEOUT_S = 1.0
_GAINS_DB = (-60, 0)
_DECODERS = "root.Properties.Audio.Decoder.Format=g711,g726,axis-mulaw-128\n"


class AxisLoudspeaker:
    """Answers requests that have been let in."""

    def __init__(self, player: Player, condition: Condition) -> None:
        self._player = player
        self._condition = condition

    async def serve(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; False when the connection is over."""
        if request.path == "/axis-cgi/audio/transmit.cgi":
            await self._transmit(request, reader, writer)
            return False
        body = await read_body(reader, request)
        writer.write(self._answer(request, body).octets())
        await writer.drain()
        return True

    async def _transmit(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        refusal = self._refusal(request)
        if refusal is not None:
            writer.write(refusal.octets())
            await writer.drain()
            return
        await self._player.play(reader, writer, payload_type=PCMU, patience_s=RECEIVER_TIMEOUT_S)

    def _refusal(self, request: Request) -> Answer | None:
        if request.method != "POST":
            return Answer(status=405)
        if request.headers.get("content-type") != "audio/basic":
            return Answer(status=415)
        if not request.length:
            return Answer(status=400)
        if self._player.is_busy or self._condition.fault == "busy":
            return Answer(status=503)
        return None

    def _answer(self, request: Request, body: bytes) -> Answer:
        match request.path:
            case "/axis-cgi/param.cgi":
                return Answer(body=_DECODERS)
            case "/axis-cgi/temperaturecontrol.cgi":
                celsius = self._condition.temperature_c
                return Answer(body=f"Sensor.S0.Name=Main\nSensor.S0.Celsius={celsius:.2f}\n")
            case "/axis-cgi/basicdeviceinfo.cgi":
                return _json({"propertyList": _PROPERTIES})
            case "/axis-cgi/audiodevicecontrol.cgi":
                return self._audio_device(body)
            case _:
                return Answer(status=404)

    def _audio_device(self, body: bytes) -> Answer:
        low, high = _GAINS_DB
        channel = {
            "id": 0,
            "gain": round(low + (high - low) * self._condition.volume),
            "mute": self._condition.volume == 0,
        }
        signaling: dict[str, object] = {"id": "unbalanced", "channels": [channel]}
        if json.loads(body).get("method") == "getDevicesCapabilities":
            signaling = {"id": "unbalanced", "gainValues": list(range(low, high + 1, 5))}
        connection = {
            "id": "internal",
            "signalingTypeSelected": "unbalanced",
            "signalingTypes": [signaling],
        }
        output = {
            "id": "0",
            "connectionTypeSelected": "internal",
            "connectionTypes": [connection],
        }
        return _json({"devices": [{"id": "0", "inputs": [], "outputs": [output]}]})


_PROPERTIES = {
    "Brand": "AXIS",
    "ProdFullName": "Simulated network horn speaker",
    "ProdNbr": "SIM-1",
    "SerialNumber": "SIM0000000001",
    "Version": "11.9.60",
}


def _json(content: dict[str, object]) -> Answer:
    body = json.dumps({"apiVersion": "1.0", "data": content})
    return Answer(body=body, content_type="application/json")
