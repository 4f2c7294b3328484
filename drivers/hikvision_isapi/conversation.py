"""Opens, feeds and closes one channel of ISAPI two-way audio, and asks what the device is.

Intelligent Security API (General Application) Developer Guide: two-way audio (channels, open,
audioData, close), ResponseStatus, deviceInfo, status.
"""

import contextlib
import socket
import ssl
from collections.abc import Mapping

from drivers.hikvision_isapi.answers import number, read_texts
from drivers.line import Account, Address, Exchange, Request, Response
from drivers.line.body import BareAudio
from drivers.loudspeaker import (
    DeviceBusy,
    LoudspeakerError,
    LoudspeakerStatus,
    SinkUnusable,
    Unreachable,
    WrongPassword,
)
from drivers.rtp_multicast.g711 import encode_alaw, encode_ulaw

DIAL_S = 5.0
HANG_UP_S = 2.0
_ENCODERS = {"g.711ulaw": ("pcmu", encode_ulaw), "g.711alaw": ("pcma", encode_alaw)}
_DEVICE_BUSY = "2"  # ResponseStatus, statusCode
_REBOOT_REQUIRED = "7"


class Channel:
    """One channel of one device; it remembers whether it left the channel open."""

    def __init__(
        self, address: Address, account: Account, *, channel_number: int, tls: ssl.SSLContext | None
    ) -> None:
        """Connects to nothing yet."""
        self._address = address
        self._account = account
        self._tls = tls
        self._uri = f"{address.path}/ISAPI/System/TwoWayAudio/channels/{channel_number}"
        self._is_ours = False

    def dial(self) -> BareAudio:
        """Open the channel for us alone.

        Raises:
            LoudspeakerError: By who must act.
        """
        exchange = self._exchange(DIAL_S)
        try:
            texts = read_texts(_ask(exchange, "GET", self._uri).body)
            kind = texts.get("audioCompressionType", "")
            if kind.lower() not in _ENCODERS:
                raise SinkUnusable(
                    f"the channel is set to {kind or 'no codec'}: set it to G.711 on the device"
                )
            codec, encode = _ENCODERS[kind.lower()]
            opened = self._open(exchange, is_taken=texts.get("enabled") == "true")
            return BareAudio(opened, encode, codec=codec, after=self._close)
        except LoudspeakerError:
            exchange.close()
            if self._is_ours:
                self._close()
            raise

    def _open(self, exchange: Exchange, *, is_taken: bool) -> socket.socket:
        # A channel that a program left open refuses the next one until it is closed. One that
        # says it is taken may be somebody's live talk: that is not cut off, unless it was ours.
        if self._is_ours or not is_taken:
            with contextlib.suppress(DeviceBusy):
                _ask(exchange, "PUT", f"{self._uri}/close")
        try:
            texts = read_texts(_ask(exchange, "PUT", f"{self._uri}/open").body)
        except WrongPassword as error:
            # Asked a moment ago, the device took the account: some answer 401 when taken.
            raise DeviceBusy("the device does not open its audio: somebody else speaks") from error
        self._is_ours = True
        token = texts.get("sessionId", "")
        query = f"?sessionId={token}" if token.isalnum() else ""
        # The request has no body by its length: the audio follows the answer, bare.
        headers = {"Content-Type": "application/octet-stream", "Content-Length": "0"}
        exchange.close()
        _ask(exchange, "PUT", f"{self._uri}/audioData{query}", headers)
        return exchange.hand_over()[0]

    def _close(self) -> None:
        """Tell the device that we are done; when it does not hear, the next `dial` does it."""
        try:
            with self._exchange(HANG_UP_S) as exchange:
                _ask(exchange, "PUT", f"{self._uri}/close")
        except LoudspeakerError:
            return
        self._is_ours = False

    def _exchange(self, timeout_s: float) -> Exchange:
        return Exchange(self._address, self._account, timeout_s=timeout_s, tls=self._tls)

    def read_status(self) -> LoudspeakerStatus:
        """Ask; what the device does not tell stays empty.

        Raises:
            LoudspeakerError: By who must act.
        """
        prefix = f"{self._address.path}/ISAPI/System"
        with self._exchange(DIAL_S) as exchange:
            device = read_texts(_ask(exchange, "GET", f"{prefix}/deviceInfo").body)
            channel = _texts_if_told(exchange, self._uri)
            condition = _texts_if_told(exchange, f"{prefix}/status")
        volume = number(channel, "speakerVolume")
        return LoudspeakerStatus(
            maker=device.get("manufacturer", ""),
            model=device.get("model", ""),
            firmware=device.get("firmwareVersion", ""),
            serial_number=device.get("serialNumber", ""),
            volume=None if volume is None else min(1.0, max(0.0, volume / 100)),
            temperature_c=number(condition, "temperature"),
        )


def _texts_if_told(exchange: Exchange, uri: str) -> Mapping[str, str]:
    try:
        return read_texts(_ask(exchange, "GET", uri).body)
    except SinkUnusable:
        return {}


def _ask(
    exchange: Exchange, method: str, uri: str, headers: Mapping[str, str] | None = None
) -> Response:
    response = exchange.ask(Request(method=method, uri=uri, headers=headers or {}))
    if response.status == 200:
        return response
    verdict: Mapping[str, str] = {}
    with contextlib.suppress(SinkUnusable):
        verdict = read_texts(response.body)
    raise _refusal(response.status, verdict)


def _refusal(status: int, verdict: Mapping[str, str]) -> LoudspeakerError:
    why = verdict.get("subStatusCode", "")
    said = f"HTTP {status}{f', {why}' if why else ''}"
    if status in {409, 503} or verdict.get("statusCode") == _DEVICE_BUSY or "busy" in why.lower():
        return DeviceBusy(f"somebody else speaks through the device ({said})")
    if verdict.get("statusCode") == _REBOOT_REQUIRED:
        return SinkUnusable(f"the device must be restarted first ({said})")
    if status == 403 and why.lower() in {"lowprivilege", "nopermission", ""}:
        return WrongPassword(f"the account may not speak through this device ({said})")
    if status in {400, 403, 404, 405}:
        return SinkUnusable(f"the device has no such audio channel, or it is switched off ({said})")
    return Unreachable(f"the device answers {said}")
