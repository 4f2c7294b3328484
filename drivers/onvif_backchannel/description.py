"""What a device's session description (SDP, RFC 4566) says of its backchannel; pure."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin

from drivers.loudspeaker import SinkUnusable

Codec = Literal["pcmu", "pcma"]

_MAPPING = re.compile(r"a=rtpmap:(\d+) ([\w.+-]+)/(\d+)(?:/\d+)?\s*$", re.IGNORECASE)
# RFC 3551 §6: these two payload types need no mapping.
_STATIC = {0: "PCMU", 8: "PCMA"}
_KNOWN: dict[str, Codec] = {"PCMU": "pcmu", "PCMA": "pcma"}


@dataclass(frozen=True, kw_only=True)
class Backchannel:
    """The track that takes our audio."""

    control_url: str
    payload_type: int
    codec: Codec


def find_backchannel(description: str, *, base_url: str) -> Backchannel:
    """The first audio track marked `a=sendonly` (ONVIF Streaming §5.3.2) that takes G.711.

    Args:
        description: The SDP.
        base_url: Content-Base, or the address that was asked.

    Raises:
        SinkUnusable: There is no such track, or it takes other codecs only.
    """
    offered: list[str] = []
    for section in re.split(r"^(?=m=)", description, flags=re.MULTILINE)[1:]:
        lines = section.splitlines()
        if not lines[0].startswith("m=audio") or "a=sendonly" not in map(str.strip, lines):
            continue
        names = _names(lines)
        for payload_type, name in names.items():
            if name in _KNOWN:
                control = _attribute(lines, "control") or ""
                return Backchannel(
                    control_url=_resolve(control, base_url),
                    payload_type=payload_type,
                    codec=_KNOWN[name],
                )
        offered += names.values()
    if offered:
        raise SinkUnusable(f"the backchannel takes {', '.join(offered)[:100]}, not G.711 at 8 kHz")
    raise SinkUnusable("the device offers no backchannel (no audio track marked sendonly)")


def _names(lines: list[str]) -> dict[int, str]:
    """Codec by payload type in the order of preference; those at other rates keep their rate."""
    types = [int(word) for word in lines[0].split()[3:] if word.isdecimal()]
    mapped = {}
    for line in lines:
        if match := _MAPPING.match(line.strip()):
            rate = "" if match[3] == "8000" else f"/{match[3]}"
            mapped[int(match[1])] = match[2].upper() + rate
    return {kind: mapped.get(kind, _STATIC.get(kind, str(kind))) for kind in types}


def _attribute(lines: list[str], name: str) -> str | None:
    prefix = f"a={name}:"
    return next((line[len(prefix) :].strip() for line in lines if line.startswith(prefix)), None)


def _resolve(control: str, base_url: str) -> str:
    """RFC 2326 §C.1.1: a control address is whole or continues the base; `*` is the base."""
    if control in {"", "*"}:
        return base_url
    if control.lower().startswith("rtsp://"):
        return control
    if control.startswith("/"):
        # urljoin does not know rtsp's addresses as ones with a path.
        return "rtsp" + urljoin("http" + base_url.removeprefix("rtsp"), control)[4:]
    return base_url.rstrip("/") + "/" + control
