"""Properties of the wire: whatever comes, it is decoded or refused with the one error family."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.batch import decode_batch, encode_batch
from contracts.codec import decode
from contracts.commands import CommandRefused, decode_command, verify_command
from contracts.envelope import decode_event, encode_event
from contracts.errors import ContractError
from contracts.events import MotionStarted
from contracts.ids import parse_id, uuid7
from contracts.ranges import contains, intersect, last_of, merge, of_sequences
from contracts.state import Ack, CentreState, decode_state
from contracts.telemetry import TelemetryRow
from contracts.topics import Address, Channel, parse_topic_name
from tests.contracts.golden import ADDRESS, KEYS, paths

GOLDEN = [path.read_bytes() for path in paths("")]
EVENTS = [path.read_bytes().strip() for path in paths("events")]
EPOCH = "5f0f6b1e-2c3d-4e5f-8a9b-0c1d2e3f4a5b"

ids = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)
addresses = st.builds(Address.of, ids.filter(lambda text: text != "centre"), ids)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ranges = st.lists(st.tuples(st.integers(1, 300), st.integers(1, 300)), max_size=20)


def decode_as_everything(payload: bytes) -> None:
    """Decode bytes in every way the product does; only `ContractError` may come of it."""
    for decoder in (
        decode_event,
        decode_state,
        decode_batch,
        decode_command,
        lambda body: decode(Ack, body),
        lambda body: decode(CentreState, body),
        lambda body: decode(TelemetryRow, body),
    ):
        with suppress(ContractError):
            decoder(payload)
    with suppress(CommandRefused):
        verify_command(payload, keys=KEYS, address=ADDRESS)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A golden payload with a piece replaced, inserted or cut out."""
    payload = draw(st.sampled_from(GOLDEN))
    start = draw(st.integers(0, len(payload)))
    end = draw(st.integers(start, min(len(payload), start + 20)))
    return payload[:start] + draw(st.binary(max_size=20)) + payload[end:]


@st.composite
def rewritten(draw: st.DrawFn) -> bytes:
    """A golden payload, still JSON, with one value anywhere replaced by another."""
    value = json.loads(draw(st.sampled_from(GOLDEN)))
    holder, key = value, draw(st.sampled_from(sorted(value)))
    while isinstance(holder[key], dict) and holder[key] and draw(st.booleans()):
        holder, key = holder[key], draw(st.sampled_from(sorted(holder[key])))
    holder[key] = draw(json_values)
    return json.dumps(value).encode()


@given(damaged())
@example(b"")
@example(b"[" * 5_000)
@example(b'{"a":' * 5_000)
@example(b'{"online": true, "online": false}')
@example(b'{"time": "0001-01-01T00:00:00+14:00"}')
def test_a_damaged_payload_raises_nothing_but_contract_errors(payload):
    """Flipped, cut and inserted bytes."""
    decode_as_everything(payload)


@given(rewritten())
def test_a_payload_with_a_wrong_value_raises_nothing_but_contract_errors(payload):
    """Any JSON where another was expected."""
    decode_as_everything(payload)


@given(st.sampled_from(GOLDEN), st.data())
def test_a_truncated_payload_is_refused(payload, draw):
    """No prefix of a payload is a payload."""
    whole = payload.strip()
    prefix = whole[: draw.draw(st.integers(0, len(whole) - 1))]
    for decoder in (decode_event, decode_state, decode_command):
        with pytest.raises(ContractError):
            decoder(prefix)


@given(st.sampled_from(EVENTS), st.integers(-(2**70), 2**70), st.integers(-840, 840))
def test_an_event_says_the_same_after_a_round_trip(payload, microseconds, offset_min):
    """Also one whose clock stood anywhere, in any time zone."""
    event = decode_event(payload)
    instant = datetime(2026, 1, 1, tzinfo=UTC)
    with suppress(OverflowError):
        instant += timedelta(microseconds=microseconds)
        instant = instant.astimezone(timezone(timedelta(minutes=offset_min)))
    fields = event.model_dump(by_alias=True) | {"time": instant, "data": event.data}
    with suppress(ValueError):  # an instant at the very end of the calendar
        event = type(event).model_validate(fields)
    assert decode_event(encode_event(event)) == event


def test_an_event_with_the_data_of_another_kind_is_refused():
    """Also when it is built here."""
    event = decode_event(EVENTS[0])
    with pytest.raises(ValueError, match="not of the event's type"):
        type(event)(**{**dict(event), "data": MotionStarted(zone="z", share=0.1)})


@given(addresses, st.sampled_from(Channel), ids)
def test_a_topic_name_is_read_as_it_was_built(address, channel, tail):
    """Address, channel and tail come back."""
    if channel is Channel.COMMANDS:
        assert parse_topic_name(address.command_topic_name(tail)) == (address, channel, tail)
    else:
        assert parse_topic_name(address.topic_name(channel)) == (address, channel, "")


@given(st.text() | st.lists(st.text(), max_size=9).map("/".join).map("ioc/v1/".__add__))
def test_any_other_topic_name_is_refused(topic_name):
    """With a contract error."""
    with suppress(ContractError):
        parse_topic_name(topic_name)


@pytest.mark.parametrize("text", ["", "-a", "A", "a/b", "a+", "#", "a" * 64, "đ", "a\n"])
def test_what_could_change_a_topic_is_no_id(text):
    """Neither wildcards nor levels nor other alphabets."""
    with pytest.raises(ContractError):
        parse_id(text)


def test_no_site_is_called_like_the_centre():
    """Its topics would be the centre's."""
    with pytest.raises(ContractError):
        Address.of("centre", "tu-1")


@given(st.lists(st.integers(1, 2**63 - 1), min_size=1, max_size=20), st.data())
def test_a_batch_is_split_as_it_was_joined(sequences, draw):
    """Rows may hold anything but line breaks."""
    row = st.binary(max_size=30).filter(lambda body: b"\n" not in body)
    rows = draw.draw(st.lists(row, min_size=len(sequences), max_size=len(sequences)))
    batch = decode_batch(encode_batch(EPOCH, sequences, rows))
    assert (batch.epoch, batch.sequences, batch.rows) == (EPOCH, tuple(sequences), tuple(rows))


@given(ranges)
def test_merged_ranges_hold_the_same_numbers_in_the_fewest_ranges(spans):
    """Ascending, apart by more than one, and nothing lost or added."""
    merged = merge(spans)
    numbers = {n for first, last in spans for n in range(first, last + 1)}
    assert {n for first, last in merged for n in range(first, last + 1)} == numbers
    assert all(a[1] + 1 < b[0] for a, b in pairwise(merged))
    assert merge((*merged, *merged)) == merged == of_sequences(numbers)
    assert last_of(merged) == max(numbers, default=0)
    assert all(contains(merged, n) == (n in numbers) for n in range(302))


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=16))
def test_event_ids_are_version_7_and_sort_by_time(unix_ms, noise):
    """RFC 9562 §5.7."""
    made = uuid7(unix_ms, noise)
    assert made[14] == "7"
    assert made[19] in "89ab"
    assert int(made.replace("-", "")[:12], 16) == unix_ms


@pytest.mark.parametrize(
    ("sequences", "rows"),
    [([1], []), ([], []), ([1], [b"a\nb"]), (list(range(1, 514)), [b"x"] * 513)],
    ids=["fewer rows", "none", "a line break", "too many"],
)
def test_a_batch_that_could_not_be_split_is_not_joined(sequences, rows):
    """The sender must be mended."""
    with pytest.raises(ContractError):
        encode_batch(EPOCH, sequences, rows)


def test_a_header_that_does_not_count_its_lines_is_refused():
    """Else rows would get the numbers of others."""
    with pytest.raises(ContractError, match="2 sequences for 1 rows"):
        decode_batch(encode_batch(EPOCH, [1, 2], [b"a", b"b"]).rsplit(b"\n", 1)[0])


def test_a_command_with_the_data_of_another_kind_is_refused():
    """Also when it is built here, so it is never signed."""
    bodies = [path.read_bytes() for path in paths("commands")]
    clock, other = decode_command(bodies[0]), decode_command(bodies[1])
    with pytest.raises(ValueError, match="not of the command's type"):
        type(clock)(**{**dict(clock), "data": other.data})


@pytest.mark.parametrize("tail", ["", "a/b"])
def test_a_command_topic_names_one_command(tail):
    """Neither none nor a path."""
    with pytest.raises(ContractError):
        parse_topic_name(f"{ADDRESS.topic_name(Channel.COMMANDS)}/{tail}")


def test_a_gateways_filters_match_its_own_topics_only():
    """They stand in the broker's access list."""
    for address_filter, channel in (
        (ADDRESS.up_topic_filter(), Channel.EVENTS_LIVE),
        (ADDRESS.down_topic_filter(), Channel.ACK),
    ):
        own = address_filter.removesuffix("#")
        assert ADDRESS.topic_name(channel).startswith(own)
        assert not Address.of("sang-moc", "tu-khac").topic_name(channel).startswith(own)
    command_id = ADDRESS.command_topic_name("c1").rsplit("/", 1)
    assert ADDRESS.command_topic_filter() == f"{command_id[0]}/+"


@pytest.mark.parametrize("body", [b"[]", b"3", b'"x"', b"null", b'{"online": 1}', b"{}"])
def test_a_state_says_whether_it_is_online(body):
    """Anything else is refused."""
    with pytest.raises(ContractError):
        decode_state(body)


def test_an_instant_beyond_the_calendar_is_refused():
    """The first day of year 1, seen from further east, lies before it."""
    body = EVENTS[0].replace(b"2026-11-21T14:04:05.250000Z", b"0001-01-01T00:00:00+14:00")
    with pytest.raises(ContractError, match="out of range"):
        decode_event(body)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time", "9999-12-31T23:59:59Z"),
        ("time", "0001-01-01T00:00:00Z"),
        ("time", "1899-12-31T23:59:59Z"),
        ("monotonics", 1e300),
        ("sequence", 2**63),
    ],
)
def test_what_no_clock_shows_and_no_table_holds_is_refused(field, value):
    """Such a value would be stored and then break every page that shows it, for everybody."""
    fields = json.loads(EVENTS[0])
    decode_event(json.dumps(fields))
    with pytest.raises(ContractError):
        decode_event(json.dumps({**fields, field: value}))


@pytest.mark.parametrize("number", [2**63, 10**400])
def test_counts_are_bounded(number):
    """Whatever a gateway counts fits a column and a page; so does a connection's number."""
    gap = json.loads(next(event for event in EVENTS if b"outbox.gap" in event))
    gap["data"]["events"] = number
    with pytest.raises(ContractError):
        decode_event(json.dumps(gap))
    will = {"online": False, "epoch": EPOCH, "connection_number": number}
    with pytest.raises(ContractError):
        decode_state(json.dumps(will).encode())


@given(ranges, ranges)
def test_an_intersection_holds_what_both_hold(one, other):
    """Number by number."""
    one, other = merge(one), merge(other)
    common = intersect(one, other)
    both = {n for n in range(1, 301) if contains(one, n) and contains(other, n)}
    assert {n for n in range(1, 301) if contains(common, n)} == both
