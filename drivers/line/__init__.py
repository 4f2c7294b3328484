"""A TCP line to one loudspeaker: asked, logged in, spoken into; shared by the drivers that dial."""

from drivers.line.account import Account
from drivers.line.address import Address, parse_address
from drivers.line.exchange import Exchange, Request, Response
from drivers.line.line import Line, Talk
from drivers.line.tls import trust

__all__ = [
    "Account",
    "Address",
    "Exchange",
    "Line",
    "Request",
    "Response",
    "Talk",
    "parse_address",
    "trust",
]
