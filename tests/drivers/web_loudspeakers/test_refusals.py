"""What devices answer is bounded, understood or refused, and told by who must act."""

import contextlib
import socket
import threading
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers.axis_vapix import AxisVapixConfig, AxisVapixSink
from drivers.axis_vapix import read_status as read_axis_status
from drivers.hikvision_isapi import HikvisionIsapiConfig, HikvisionIsapiSink
from drivers.hikvision_isapi import read_status as read_hikvision_status
from drivers.hikvision_isapi.answers import number, read_texts
from drivers.line import Account, Exchange, Request, parse_address
from drivers.line.address import HTTP_PORTS
from drivers.loudspeaker import (
    DeviceBusy,
    LoudspeakerError,
    SinkUnusable,
    Unreachable,
    WrongPassword,
)
from tests.fakes.scripted_server import ScriptedServer
from tests.fakes.speaking import open_up

DIGEST = (
    b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="x", nonce="y"\r\nContent-Length: 0\r\n\r\n'
)


def answer(status, body=b"", *, kind=b"text/plain"):
    head = b"HTTP/1.1 %d Answer\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
    return head % (status, kind, len(body)) + body


def dial(sink):
    """The error that opening a line ends with."""
    try:
        with pytest.raises(LoudspeakerError) as told:
            open_up(sink)
    finally:
        sink.close()
    return told.value


def axis(server):
    return AxisVapixSink(
        AxisVapixConfig(url=f"http://127.0.0.1:{server.port}", username="a", password="b")
    )


def hikvision_config(server):
    return HikvisionIsapiConfig(url=f"http://127.0.0.1:{server.port}", username="a", password="b")


def channel(codec, *, enabled=b"false"):
    return answer(
        200,
        b'<TwoWayAudioChannel xmlns="http://www.hikvision.com/ver20/XMLSchema"><id>1</id>'
        b"<enabled>%s</enabled><audioCompressionType>%s</audioCompressionType>"
        b"</TwoWayAudioChannel>" % (enabled, codec),
    )


def verdict(status, code, word):
    inner = b"<statusCode>%d</statusCode><subStatusCode>%s</subStatusCode>" % (code, word)
    return answer(status, b"<ResponseStatus>" + inner + b"</ResponseStatus>")


@pytest.mark.parametrize(
    ("answers", "error", "words"),
    [
        ([DIGEST, DIGEST], WrongPassword, "refuses"),
        ([answer(401)], WrongPassword, "log in"),
        ([answer(403)], WrongPassword, "may not speak"),
        ([answer(200, b"x.Decoder.Format=aac,opus\n")], SinkUnusable, "aac,opus"),
        ([answer(404), answer(404)], SinkUnusable, "404"),
        ([answer(404), answer(415)], SinkUnusable, "µ-law"),
        ([answer(404), answer(503)], DeviceBusy, "somebody else"),
        ([answer(404), answer(500)], Unreachable, "500"),
        ([answer(404), b""], Unreachable, "ended the connection"),
        ([b"SSH-2.0-OpenSSH\r\n\r\n"], SinkUnusable, "protocol"),
        ([b"HTTP/1.1 200 Fine\r\n" + b"X: y\r\n" * 10000], SinkUnusable, "no end"),
        ([b"HTTP/1.1 200 Fine\r\nContent-Length: 99999999\r\n\r\n"], SinkUnusable, "no end"),
        ([b"HTTP/1.1 200 Fine\r\n\r\n" + b"x" * 300000], SinkUnusable, "no end"),
    ],
)  # fmt: skip
def test_what_vapix_devices_refuse_is_told_by_who_must_act(answers, error, words):
    """Status by status; an answer without end is cut off."""
    with ScriptedServer(*answers) as server:
        failure = dial(axis(server))
    assert type(failure) is error or isinstance(failure, error)
    assert words in str(failure)


@pytest.mark.parametrize(
    ("answers", "error", "words"),
    [
        ([DIGEST, DIGEST], WrongPassword, "refuses"),
        ([verdict(403, 4, b"lowPrivilege")], WrongPassword, "lowPrivilege"),
        ([verdict(404, 4, b"notSupport")], SinkUnusable, "no such audio channel"),
        ([channel(b"AAC")], SinkUnusable, "AAC"),
        ([channel(b"")], SinkUnusable, "no codec"),
        ([answer(200, b"<html>")], SinkUnusable, "not ISAPI"),
        ([answer(200, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")], SinkUnusable, "document type"),
        ([answer(200, b"<a>" * 200)], SinkUnusable, "without end"),
        (
            [channel(b"G.711ulaw", enabled=b"true"), verdict(503, 2, b"deviceBusy")],
            DeviceBusy,
            "somebody else",
        ),
        ([channel(b"G.711ulaw", enabled=b"true"), answer(401)], DeviceBusy, "somebody else"),
        ([channel(b"G.711alaw", enabled=b"true"), verdict(500, 7, b"reboot")], SinkUnusable, "restarted"),
        ([channel(b"G.711alaw", enabled=b"true"), verdict(500, 3, b"deviceError")], Unreachable, "500"),
    ],
)  # fmt: skip
def test_what_isapi_devices_refuse_is_told_by_who_must_act(answers, error, words):
    """Codec, rights, channel, somebody else's talk: each has its own kind and words."""
    with ScriptedServer(*answers) as server:
        failure = dial(HikvisionIsapiSink(hikvision_config(server)))
    assert isinstance(failure, error)
    assert words in str(failure)


def test_somebody_elses_talk_is_not_cut_off():
    """A channel that says it is taken is not closed before it is opened; one that is free is."""
    for enabled, expected in ((b"true", []), (b"false", [b"close"])):
        answers = [channel(b"G.711ulaw", enabled=enabled), verdict(503, 2, b"deviceBusy")]
        with ScriptedServer(*answers) as server:
            dial(HikvisionIsapiSink(hikvision_config(server)))
        verbs = [head.split(b" ")[1].rsplit(b"/", 1)[1] for head in server.heads]
        assert [verb for verb in verbs if verb == b"close"] == expected
        assert verbs[-1] == b"open"


async def test_a_device_that_sends_elsewhere_is_not_in_order():
    """Where only https is taken, http is redirected: no announcement would come through."""
    moved = answer(301)
    with ScriptedServer(moved, moved, moved, moved) as server:
        config = AxisVapixConfig(url=f"http://127.0.0.1:{server.port}", username="a", password="b")
        with pytest.raises(SinkUnusable, match="https only"):
            await read_axis_status(config)


async def test_a_device_that_tells_little_has_an_empty_reading():
    """Services that a device does not have stay empty; the device is there all the same."""
    with ScriptedServer(answer(404)) as server:
        status = await read_axis_status(
            AxisVapixConfig(url=f"http://127.0.0.1:{server.port}", username="", password="")
        )
    assert (status.model, status.volume, status.temperature_c) == ("", None, None)
    assert status.is_proven
    with ScriptedServer(answer(200, b"<a><model>M</model></a>"), answer(404)) as server:
        status = await read_hikvision_status(hikvision_config(server))
    assert (status.model, status.volume, status.temperature_c) == ("M", None, None)


@pytest.mark.parametrize(
    "body",
    [b"[" * 5000, b"null", b'{"data": 3}', b'{"data": {"devices": [{"outputs": 7}]}}', b"\xff"],
)
async def test_json_of_any_shape_is_read_or_refused(body):
    """Nothing but a LoudspeakerError comes out of a device's nonsense."""
    with ScriptedServer(answer(200, body)) as server:
        config = AxisVapixConfig(url=f"http://127.0.0.1:{server.port}", username="", password="")
        with contextlib.suppress(LoudspeakerError):
            assert (await read_axis_status(config)).volume is None


@given(st.binary(max_size=300))
@example(b"<a><b>1</b><b>2</b></a>")
def test_any_document_is_texts_or_refused(document):
    """Whatever comes, the reader survives it."""
    try:
        texts = read_texts(document)
    except SinkUnusable:
        return
    assert all(isinstance(text, str) and text for text in texts.values())
    assert number({"n": "x"}, "n") is None


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Go\r\n", b"\r\n", b"Content-Length: 3\r\n", b"abc",
             b"Transfer-Encoding: chunked\r\n", b"2\r\nab\r\n", b"0\r\n\r\n", b"$\x00\x00\x02xx", b"zz\r\n",
             b"HTTP/1.1 401 No\r\n", b'WWW-Authenticate: Digest nonce="a"\r\n', b"-1\r\n"]
        ),
        max_size=9,
    )
)  # fmt: skip
def test_any_answer_is_read_or_refused(pieces):
    """Cut anywhere and put together anyhow, an answer gives a response or a LoudspeakerError."""
    with ScriptedServer(b"".join(pieces)) as server:
        address = parse_address(f"http://127.0.0.1:{server.port}", ports=HTTP_PORTS)
        with Exchange(address, Account("a", "b"), timeout_s=2) as exchange:
            try:
                response = exchange.ask(Request(method="GET", uri="/"))
            except LoudspeakerError:
                return
    assert 100 < response.status < 600


@pytest.mark.parametrize("drip", [b"", b"H"])
def test_a_device_that_answers_in_drips_is_given_up(drip):
    """All of an answer must come in time, not each piece of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = parse_address(f"http://127.0.0.1:{listener.getsockname()[1]}", ports=HTTP_PORTS)

        def drip_on():
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                for _ in range(14):
                    connection.sendall(drip)
                    time.sleep(0.05)
                    if connection.recv(1000, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"":
                        return

        thread = threading.Thread(target=drip_on)
        thread.start()
        with (
            Exchange(address, Account("", ""), timeout_s=0.5) as exchange,
            pytest.raises(Unreachable, match="in time"),
        ):
            exchange.ask(Request(method="GET", uri="/"))
    thread.join(10)
    assert not thread.is_alive()


def test_chunks_are_put_together_and_a_continue_is_skipped():
    """HTTP/1.1 as servers really speak it."""
    body = b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with ScriptedServer(b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 OK\r\n" + body) as server:
        address = parse_address(f"http://127.0.0.1:{server.port}", ports=HTTP_PORTS)
        with Exchange(address, Account("", ""), timeout_s=5) as exchange:
            assert exchange.ask(Request(method="GET", uri="/")).body == b"abcde"
