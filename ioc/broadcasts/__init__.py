"""Broadcasts: what is spoken over loudspeakers, by whom, and the signed commands that order it."""

from ioc.broadcasts.desk import BroadcastDesk
from ioc.broadcasts.values import (
    BroadcastOrder,
    BroadcastView,
    Delivery,
    Framing,
    Loudspeaker,
    LoudspeakerId,
    Preview,
    RelayedStream,
)

__all__ = [
    "BroadcastDesk",
    "BroadcastOrder",
    "BroadcastView",
    "Delivery",
    "Framing",
    "Loudspeaker",
    "LoudspeakerId",
    "Preview",
    "RelayedStream",
]
