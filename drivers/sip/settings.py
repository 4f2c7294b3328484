"""How one SIP loudspeaker is reached; nothing here touches the network."""

import re
from dataclasses import dataclass, field
from typing import Literal

from drivers.loudspeaker import SinkUnusable

SipCodec = Literal["pcma", "pcmu"]
AutoAnswer = Literal["call_info", "alert_info", "answer_mode", "none"]

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9_.!~*'()&=+$,;?/%-]{0,100}", re.ASCII)  # RFC 3261 §25.1, `user`


@dataclass(frozen=True, kw_only=True)
class SipConfig:
    """One loudspeaker that answers calls by itself, or the exchange that leads to it."""

    address: str
    """IPv4 address or host name."""
    port: int = 5060
    user: str = ""
    """The extension to call; empty: the device itself."""
    codecs: tuple[SipCodec, ...] = ("pcma", "pcmu")
    """What is offered, the preferred one first."""
    username: str = ""
    """Account for the digest, and who calls; empty: nobody asks for one."""
    password: str = field(default="", repr=False)
    local_address: str | None = None
    """IPv4 address of the local interface to call from; None: the routing table chooses."""
    auto_answer: AutoAnswer = "call_info"
    """How the device is asked to pick up by itself."""

    @property
    def uri(self) -> str:
        """Whom to call."""
        port = "" if self.port == 5060 else f":{self.port}"
        return f"sip:{self.user}@{self.address}{port}" if self.user else f"sip:{self.address}{port}"


def check(config: SipConfig) -> None:
    """Refuse what would not make a SIP address.

    Raises:
        SinkUnusable: The technician must change it.
    """
    if not _HOST.fullmatch(config.address):
        raise SinkUnusable(f"{config.address!r} is neither a host name nor an IPv4 address")
    if not all(_USER.fullmatch(name) for name in (config.user, config.username)):
        raise SinkUnusable("user and username must be what SIP allows in an address: no spaces")
    if not config.codecs or not set(config.codecs) <= {"pcma", "pcmu"}:
        raise SinkUnusable("codecs must name pcma, pcmu or both")


def auto_answer_headers(style: AutoAnswer, *, local_host: str) -> tuple[tuple[str, str], ...]:
    """What asks a loudspeaker to pick up by itself; makers agree on no single way."""
    match style:
        case "call_info":  # Polycom, Snom, Cisco, 2N, Algo
            return (("Call-Info", f"<sip:{local_host}>;answer-after=0"),)
        case "alert_info":  # Grandstream, Yealink, Fanvil
            return (("Alert-Info", f"<http://{local_host}>;info=alert-autoanswer;delay=0"),)
        case "answer_mode":  # RFC 5373
            return (("Answer-Mode", "Auto"),)
        case "none":
            return ()
