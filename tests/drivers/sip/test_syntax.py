"""What a stranger sends is read whole or refused; nothing else happens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.loudspeaker import SinkUnusable
from drivers.sip.calling.sdp import Media, describe, read_answer
from drivers.sip.calling.syntax import (
    Request,
    Response,
    SipSyntaxError,
    host_and_port,
    parse_datagram,
    split_list,
    uri_in,
)

ANSWER = (
    b"SIP/2.0 200 OK\r\n"
    b"v: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa;rport=5070\r\n"
    b'f: "Tr\xe1\xba\xa1m; tag=no" <sip:ioc@10.0.0.1>;tag=ours\r\n'
    b"To: <sip:101@10.0.0.9>;tag=theirs\r\n"
    b"i: abc@10.0.0.1\r\n"
    b"CSeq: 2 INVITE\r\n"
    b"Record-Route: <sip:10.0.0.2;lr>,\r\n <sip:10.0.0.3:5080;lr>\r\n"
    b"l: 4\r\n\r\nv=0\nrest of another datagram"
)
header_text = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029"),
    max_size=30,
).map(str.strip)
header_names = st.from_regex(r"[A-Za-z][A-Za-z-]{3,15}", fullmatch=True).filter(
    lambda name: name.lower() != "content-length"
)


def test_an_answer_is_read_as_the_standard_writes_it():
    """Short names, folded lines, lists on a line, tags beside display names, bounded bodies."""
    answer = parse_datagram(ANSWER)
    assert isinstance(answer, Response)
    assert (answer.status, answer.reason, answer.cseq) == (200, "OK", (2, "INVITE"))
    assert (answer.tag("from"), answer.tag("to")) == ("ours", "theirs")
    assert answer.all("record-route") == ("<sip:10.0.0.2;lr>", "<sip:10.0.0.3:5080;lr>")
    assert answer.body == b"v=0\n"


@given(st.binary(max_size=300))
def test_any_octets_are_read_or_refused(octets):
    """Nothing but a refusal comes of what is not SIP."""
    try_to_read(octets)


@given(st.integers(0, len(ANSWER) - 1), st.binary(min_size=1, max_size=4), st.booleans())
def test_any_damage_is_read_or_refused(place, octets, cut):
    """An answer that was damaged or cut on its way harms nobody."""
    try_to_read(ANSWER[:place] if cut else ANSWER[:place] + octets + ANSWER[place + len(octets) :])


@given(
    st.dictionaries(header_names, header_text, max_size=8),
    st.binary(max_size=50),
    st.sampled_from(["INVITE", "BYE", "OPTIONS"]),
)
def test_what_is_written_is_read_back(headers, body, method):
    """A request survives the wire."""
    sent = Request(method=method, uri="sip:101@10.0.0.9", headers=tuple(headers.items()), body=body)
    came = parse_datagram(sent.encode())
    assert isinstance(came, Request)
    assert (came.method, came.uri, came.body) == (sent.method, sent.uri, sent.body)
    for name, value in headers.items():
        assert value in came.whole(name.lower())


def test_a_flood_of_headers_is_refused():
    """What no loudspeaker sends is not read."""
    with pytest.raises(SipSyntaxError, match="200 lines"):
        parse_datagram(b"SIP/2.0 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n")


def test_lists_are_split_outside_quotes_and_brackets():
    """A comma in a name or an address separates nothing."""
    assert split_list('"a, b" <sip:c,d@e>;x=1, <sip:f>') == ['"a, b" <sip:c,d@e>;x=1', "<sip:f>"]
    assert uri_in('"a" <sip:101@10.0.0.9:5062>;expires=60') == "sip:101@10.0.0.9:5062"
    assert host_and_port("sip:101@10.0.0.9:5062;transport=udp") == ("10.0.0.9", 5062)
    assert host_and_port("sip:10.0.0.9:99999") is None
    assert host_and_port("tel:113") is None


def test_sound_goes_where_the_answer_says():
    """The medium's own address and the first codec that was offered count."""
    ours = describe(address="10.0.0.1", port=4000, codecs=("pcma", "pcmu"), version=1)
    assert b"m=audio 4000 RTP/AVP 8 0" in ours
    theirs = b"v=0\nc=IN IP4 10.0.0.8\nm=audio 6000 RTP/AVP 96 0\nc=IN IP4 10.0.0.9\na=recvonly\n"
    media = read_answer(theirs, offered=("pcma", "pcmu"))
    assert media == Media(address="10.0.0.9", port=6000, codec="pcmu")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "without saying where"),
        (b"c=IN IP4 10.0.0.9\nm=audio 0 RTP/AVP 8", "refused its sound"),
        (b"c=IN IP4 10.0.0.9\nm=audio 6000 RTP/AVP 9", "payload types 9"),
        (b"c=IN IP4 10.0.0.9\nm=audio 99999 RTP/AVP 8", "without saying where"),
        (b"c=IN IP4 10.0.0.9\nm=audio 6000 RTP/AVP 8\na=sendonly", "does not want to listen"),
        (b"c=IN IP4 0.0.0.0\nm=audio 6000 RTP/AVP 8", "on hold"),
        (b"c=IN IP6 ::1\nm=audio 6000 RTP/AVP 8", "no IPv4 address"),
        (b"c=IN IP4 10.0.0.9\nm=video 6000 RTP/AVP 8", "without saying where"),
    ],
)
def test_an_answer_that_wants_no_sound_is_the_technicians(answer, reason):
    """It is said what is wrong with it."""
    with pytest.raises(SinkUnusable, match=reason):
        read_answer(answer, offered=("pcma", "pcmu"))


@given(st.binary(max_size=200))
def test_any_description_is_read_or_refused(octets):
    """Nothing but a refusal comes of what is not SDP."""
    try:
        read_answer(b"m=audio " + octets, offered=("pcma",))
    except SinkUnusable:
        return


def try_to_read(octets: bytes) -> None:
    try:
        came = parse_datagram(octets)
    except SipSyntaxError:
        return
    came.tag("to")
    assert came.all("record-route") is not None
    assert came.cseq[0] >= -1
