"""What the centre may order, signed; pure."""

from contracts.commands.clock import Clock
from contracts.commands.command_data import Audio, CommandData
from contracts.commands.fixtures import ForgetFixture, MarkFixture
from contracts.commands.signing import (
    COMMAND_KINDS,
    Command,
    CommandRefused,
    RefusalReason,
    SignedCommand,
    addressee_of,
    decode_command,
    key_id_of,
    kind_of,
    sign_command,
    verify_command,
)
from contracts.commands.speaking import LONGEST_RELAY_S, Relay, Speak, Stop, TestLoudspeakers
from contracts.commands.talk_downs import Cause, Hours, SetTalkDowns, TalkDown

__all__ = [
    "COMMAND_KINDS",
    "LONGEST_RELAY_S",
    "Audio",
    "Cause",
    "Clock",
    "Command",
    "CommandData",
    "CommandRefused",
    "ForgetFixture",
    "Hours",
    "MarkFixture",
    "RefusalReason",
    "Relay",
    "SetTalkDowns",
    "SignedCommand",
    "Speak",
    "Stop",
    "TalkDown",
    "TestLoudspeakers",
    "addressee_of",
    "decode_command",
    "key_id_of",
    "kind_of",
    "sign_command",
    "verify_command",
]
