"""What a VAPIX device tells of itself: model, firmware, volume, temperature."""

import json
import re
import ssl
from typing import Any

from drivers.line import Account, Address, Exchange, Request, Response
from drivers.line.body import refuse_late
from drivers.loudspeaker import LoudspeakerStatus, SinkUnusable

STATUS_S = 5.0
_CELSIUS = re.compile(r"^Sensor\.S\d+\.Celsius=(-?\d{1,3}(?:\.\d+)?)\s*$", re.MULTILINE)
_LONGEST_TEXT = 100


def read(address: Address, account: Account, tls: ssl.SSLContext | None) -> LoudspeakerStatus:
    """Ask; what the device does not tell stays empty.

    Raises:
        LoudspeakerError: By who must act.
    """
    with Exchange(address, account, timeout_s=STATUS_S, tls=tls) as exchange:
        device = Device(exchange, address.path)
        properties = device.call("basicdeviceinfo", "getAllProperties").get("propertyList")
        texts = properties if isinstance(properties, dict) else {}
        return LoudspeakerStatus(
            maker=_text(texts.get("Brand")),
            model=_text(texts.get("ProdFullName")) or _text(texts.get("ProdNbr")),
            firmware=_text(texts.get("Version")),
            serial_number=_text(texts.get("SerialNumber")),
            volume=_volume(device),
            temperature_c=_temperature_c(device),
        )


class Device:
    """The questions of VAPIX."""

    def __init__(self, exchange: Exchange, prefix: str) -> None:
        self._exchange = exchange
        self._prefix = prefix

    def call(self, service: str, method: str) -> dict[str, Any]:
        """The `data` of a JSON service's answer; empty where the device has no such service."""
        asked = {"apiVersion": "1.0", "method": method}
        response = self._ask(
            Request(
                method="POST",
                uri=f"{self._prefix}/axis-cgi/{service}.cgi",
                headers={"Content-Type": "application/json"},
                body=json.dumps(asked).encode(),
            )
        )
        if response.status != 200:
            return {}
        try:
            answer = json.loads(response.body)
        except (ValueError, RecursionError) as error:
            raise SinkUnusable(f"what answers is not VAPIX: {error}") from error
        found = answer.get("data") if isinstance(answer, dict) else None
        return found if isinstance(found, dict) else {}

    def text(self, path: str) -> str:
        """A plain answer; nothing where the device has none."""
        response = self._ask(Request(method="GET", uri=self._prefix + path))
        return response.body.decode("utf-8", "replace") if response.status == 200 else ""

    def _ask(self, request: Request) -> Response:
        response = self._exchange.ask(request)
        if response.status in {403, 503}:
            refuse_late(response.status)
        if 300 <= response.status < 400:
            # Not a service it lacks: nothing that is sent here would be heard.
            raise SinkUnusable(
                f"the device answers HTTP {response.status}: it is reached at another address;"
                " many take https only"
            )
        return response


def _volume(device: Device) -> float | None:
    """The first output's gain as a share of the range it may have (Audio Device Control)."""
    settings = device.call("audiodevicecontrol", "getDevicesSettings")
    channel = _first(_of_signaling(settings, "channels"))
    if not isinstance(channel.get("gain"), int | float):
        return None
    if channel.get("mute") is True:
        return 0.0
    able = device.call("audiodevicecontrol", "getDevicesCapabilities")
    values = _of_signaling(able, "gainValues")
    gains = [value for value in values if isinstance(value, int | float)]
    if len(gains) < 2 or max(gains) == min(gains):
        return None
    share = (channel["gain"] - min(gains)) / (max(gains) - min(gains))
    return min(1.0, max(0.0, float(share)))


def _of_signaling(data: dict[str, Any], name: str) -> list[Any]:
    """A list of the first output's first signalling type that has it."""
    for key in ("devices", "outputs", "connectionTypes"):
        data = _first(data.get(key))
    # The documents spell the list of types in two ways.
    for types in (data.get("signalingTypes"), data.get("signalTypes")):
        found = _first(types).get(name)
        if isinstance(found, list):
            return found
    return []


def _first(items: object) -> dict[str, Any]:
    found = items[0] if isinstance(items, list) and items else None
    return found if isinstance(found, dict) else {}


def _temperature_c(device: Device) -> float | None:
    """The warmest of its sensors (Temperature control, `statusall`)."""
    told = device.text("/axis-cgi/temperaturecontrol.cgi?action=statusall")
    return max(map(float, _CELSIUS.findall(told)), default=None)


def _text(value: object) -> str:
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""
