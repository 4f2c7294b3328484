"""A loudspeaker that speaks ISAPI two-way audio, from what is public of it.

Intelligent Security API (General Application) Developer Guide, "Two-Way Audio": channels, open,
audioData, close; ResponseStatus (statusCode 1 OK, 2 busy). In the field audioData is a PUT of
length nought, answered at once, after which bare G.711 follows on the same connection.
"""

import asyncio
import re
from typing import Literal

from simulator.loudspeaker.g711 import PCMA, PCMU
from simulator.loudspeaker.web.http import Answer, Request, read_body
from simulator.loudspeaker.web.playing import Condition, Player

REALM = "IP Speaker(SIM01)"
Codec = Literal["pcmu", "pcma"]
_NAMESPACE = 'version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema"'
_TYPES = {"pcmu": ("G.711ulaw", PCMU), "pcma": ("G.711alaw", PCMA)}
_INACTIVE_S = 10.0


class HikvisionLoudspeaker:
    """Answers requests that have been let in; it has the one channel 1."""

    def __init__(self, player: Player, condition: Condition, codec: Codec) -> None:
        self._player = player
        self._condition = condition
        self._type_name, self._payload_type = _TYPES[codec]
        self._is_open = False
        self._sessions = 0
        self._playing: asyncio.Task[None] | None = None

    async def serve(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; False when the connection is over."""
        await read_body(reader, request)
        answer = self._answer(request)
        writer.write(answer.octets())
        await writer.drain()
        if (
            request.path == "/ISAPI/System/TwoWayAudio/channels/1/audioData"
            and answer.status == 200
        ):
            await self._play(reader, writer)
            return False
        return True

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._playing, number = asyncio.current_task(), self._sessions
        try:
            await self._player.play(
                reader, writer, payload_type=self._payload_type, patience_s=_INACTIVE_S
            )
        except asyncio.CancelledError:
            if self._is_open:
                raise
        finally:
            self._playing = None
            # Who hangs up without closing leaves the channel taken for a while.
            asyncio.get_running_loop().call_later(_INACTIVE_S, self._forget, number)

    def _answer(self, request: Request) -> Answer:
        match f"{request.method} {request.path}":
            case "GET /ISAPI/System/deviceInfo":
                answer = _xml("DeviceInfo", _DEVICE)
            case "GET /ISAPI/System/status":
                answer = self._status()
            case "GET /ISAPI/System/TwoWayAudio/channels/1":
                answer = self._channel()
            case "PUT /ISAPI/System/TwoWayAudio/channels/1/open":
                answer = self._open()
            case "PUT /ISAPI/System/TwoWayAudio/channels/1/close":
                answer = self._close()
            case "PUT /ISAPI/System/TwoWayAudio/channels/1/audioData":
                answer = self._audio_data(request)
            case _:
                answer = _verdict(404, 4, "notSupport")
        return answer

    def _forget(self, number: int) -> None:
        if self._playing is None and self._sessions == number:
            self._is_open = False

    def _status(self) -> Answer:
        celsius = self._condition.temperature_c
        inner = f"<Temperature><tempDescription>main</tempDescription><temperature>{celsius}"
        return _xml(
            "DeviceStatus",
            f"<TemperatureList>{inner}</temperature></Temperature></TemperatureList>",
        )

    def _channel(self) -> Answer:
        is_taken = self._is_open or self._condition.fault == "busy"
        return _xml(
            "TwoWayAudioChannel",
            f"<id>1</id><enabled>{str(is_taken).lower()}</enabled>"
            f"<audioCompressionType>{self._type_name}</audioCompressionType>"
            f"<speakerVolume>{round(self._condition.volume * 100)}</speakerVolume>"
            "<noisereduce>true</noisereduce>",
        )

    def _open(self) -> Answer:
        if self._is_open or self._condition.fault == "busy":
            return _verdict(503, 2, "deviceBusy")
        self._is_open = True
        self._sessions += 1
        return _xml("TwoWayAudioSession", f"<sessionId>{self._sessions}</sessionId>")

    def _close(self) -> Answer:
        self._is_open = False
        if self._playing is not None:
            self._playing.cancel()
        return _verdict(200, 1, "ok")

    def _audio_data(self, request: Request) -> Answer:
        said = re.search(r"sessionId=(\d+)", request.target)
        if not self._is_open or (said and int(said[1]) != self._sessions):
            return _verdict(403, 4, "invalidOperation")
        return _verdict(200, 1, "ok")


_DEVICE = (
    "<deviceName>Loa</deviceName><model>SIM-HORN-2</model><serialNumber>SIM20260105CC01</serialNumber>"
    "<firmwareVersion>V1.2.0</firmwareVersion><manufacturer>hikvision</manufacturer>"
)


def _xml(name: str, inside: str, *, status: int = 200) -> Answer:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} {_NAMESPACE}>{inside}</{name}>'
    return Answer(status=status, body=body, content_type="application/xml")


def _verdict(status: int, code: int, word: str) -> Answer:
    return _xml(
        "ResponseStatus",
        f"<statusCode>{code}</statusCode><subStatusCode>{word}</subStatusCode>",
        status=status,
    )
