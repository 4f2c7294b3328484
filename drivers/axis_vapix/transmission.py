"""Opens the audio of a VAPIX device (VAPIX Audio API, "Transmit audio data") and reads what it is."""

import re
import ssl

from drivers.line import Account, Address, Exchange, Request
from drivers.line.body import BareAudio, refuse_late
from drivers.loudspeaker import LoudspeakerError, SinkUnusable
from drivers.rtp_multicast.g711 import encode_ulaw

DIAL_S = 5.0
DECODERS = "/axis-cgi/param.cgi?action=list&group=Properties.Audio.Decoder"
TRANSMIT = "/axis-cgi/audio/transmit.cgi"
_ENDLESS = str(2**31 - 1)
"""The length may be any; at 8 kB/s this one lasts for three days."""
_REFUSAL_WITHIN_S = 0.05
"""A device that lets us speak says nothing; one that does not says so at once."""
_FORMATS = re.compile(r"Decoder\.Format=(.*)")


def dial(address: Address, account: Account, tls: ssl.SSLContext | None) -> BareAudio:
    """Ask what the device decodes, which logs in, and begin to transmit.

    Raises:
        LoudspeakerError: By who must act.
    """
    exchange = Exchange(address, account, timeout_s=DIAL_S, tls=tls)
    try:
        _check_decoder(exchange, address)
        exchange.close()
        exchange.say(
            Request(
                method="POST",
                uri=address.path + TRANSMIT,
                # HTTP/1.0, as the documents have it: the answer comes when all is said.
                protocol="HTTP/1.0",
                headers={
                    "Content-Type": "audio/basic",
                    "Content-Length": _ENDLESS,
                    "Connection": "Keep-Alive",
                    "Cache-Control": "no-cache",
                },
            )
        )
        refusal = exchange.listen(patience_s=_REFUSAL_WITHIN_S)
        if refusal is not None:
            _refuse(refusal.status)
        opened, _ = exchange.hand_over()
    except LoudspeakerError:
        exchange.close()
        raise
    return BareAudio(opened, encode_ulaw, codec="pcmu")


def _check_decoder(exchange: Exchange, address: Address) -> None:
    response = exchange.ask(Request(method="GET", uri=address.path + DECODERS))
    if response.status == 403:
        refuse_late(403)
    told = _FORMATS.search(response.body.decode("utf-8", "replace"))
    # Old devices do not tell; they decode G.711.
    if response.status == 200 and told and "g711" not in told[1].lower():
        raise SinkUnusable(f"the device decodes {told[1].strip()[:100]}, not G.711")


def _refuse(status: int) -> None:
    match status:
        case 404 | 405:
            raise SinkUnusable(
                f"the device answers HTTP {status}: it takes no audio, or its duplex mode forbids it"
            )
        case 415:
            raise SinkUnusable("the device does not take G.711 µ-law (HTTP 415)")
        case status:
            refuse_late(status)
