"""Every golden payload decodes, and says the same when it is encoded again."""

import json

import pytest
from pydantic import BaseModel

from contracts.codec import decode, encode
from contracts.commands import (
    COMMAND_KINDS,
    CommandRefused,
    RefusalReason,
    decode_command,
    verify_command,
)
from contracts.envelope import decode_event, encode_event
from contracts.events import EVENT_KINDS
from contracts.state import Ack, CentreState, decode_state
from contracts.telemetry import TelemetryRow
from contracts.topics import Address
from tests.contracts.golden import ADDRESS, FOLDER, KEYS, name_of, paths

STATES: dict[str, type[BaseModel]] = {"ack": Ack, "centre": CentreState}


def assert_still_says(now: object, stored: object) -> None:
    """Everything stored stands there unchanged; only fields that came later may be added."""
    if isinstance(stored, dict) and isinstance(now, dict):
        for name, value in stored.items():
            assert_still_says(now[name], value)
    elif isinstance(stored, list) and isinstance(now, list):
        assert len(now) == len(stored)
        for new, old in zip(now, stored, strict=True):
            assert_still_says(new, old)
    else:
        assert now == stored


@pytest.mark.parametrize("path", paths("events"), ids=name_of)
def test_events(path):
    """An event keeps its meaning."""
    event = decode_event(path.read_bytes())
    assert event.kind == path.parent.name
    assert event.address == ADDRESS
    assert_still_says(json.loads(encode_event(event)), json.loads(path.read_text()))
    assert decode_event(encode_event(event)) == event


@pytest.mark.parametrize("path", paths("state"), ids=name_of)
def test_states(path):
    """So do births, wills, acknowledgements and the centre's state."""
    model = STATES.get(path.parent.name)
    body = path.read_bytes()
    state = decode(model, body) if model else decode_state(body)
    assert json.loads(encode(state)) == json.loads(body)


@pytest.mark.parametrize("path", paths("telemetry"), ids=name_of)
def test_telemetry(path):
    """And samples."""
    row = decode(TelemetryRow, path.read_bytes())
    assert json.loads(encode(row)) == json.loads(path.read_text())


@pytest.mark.parametrize("path", paths("commands"), ids=name_of)
def test_commands(path):
    """And orders."""
    command = decode_command(path.read_bytes())
    assert command.kind == path.parent.name
    assert_still_says(json.loads(encode(command)), json.loads(path.read_text()))
    assert decode_command(encode(command)) == command


@pytest.mark.parametrize("path", paths("signed"), ids=name_of)
def test_signed_commands(path):
    """A signature made by an earlier release proves its command; for others it proves nothing."""
    payload = path.read_bytes()
    command = verify_command(payload, keys=KEYS, address=ADDRESS)
    assert command.kind == path.parent.name
    with pytest.raises(CommandRefused) as refused:
        verify_command(payload, keys=KEYS, address=Address.of("sang-moc", "tu-khac"))
    assert refused.value.reason is RefusalReason.NOT_ADDRESSED
    with pytest.raises(CommandRefused) as refused:
        verify_command(payload, keys={}, address=ADDRESS)
    assert refused.value.reason is RefusalReason.UNKNOWN_KEY


def test_every_kind_has_a_golden_payload():
    """A kind without one could change unnoticed."""
    assert {path.name for path in (FOLDER / "events").iterdir()} == set(EVENT_KINDS)
    for room in ("commands", "signed"):
        assert {path.name for path in (FOLDER / room).iterdir()} == set(COMMAND_KINDS)
