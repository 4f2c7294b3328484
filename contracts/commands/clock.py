"""The centre's time, for a gateway that may not know its own; pure."""

from contracts.codec import Instant, UuidText
from contracts.commands.command_data import CommandData


class Clock(CommandData):
    """The centre's time in answer to a birth; trusted because signed and bound to its nonce."""

    nonce: UuidText
    centre_time: Instant
