"""One call, step by step, against whatever the other side may say; no network, no clock."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.loudspeaker import DeviceBusy, SinkUnusable, Unreachable, WrongPassword
from drivers.sip import SipConfig
from drivers.sip.calling.call import Call, Stage
from drivers.sip.calling.dialog import Ends
from drivers.sip.calling.syntax import Request, Response, parse_datagram

PEER = ("10.0.0.9", 5060)
SDP = b"c=IN IP4 10.0.0.9\r\nm=audio 6000 RTP/AVP 8\r\n"
CHALLENGE = ("WWW-Authenticate", 'Digest realm="thon", nonce="n1", qop="auth"')


class OtherSide:
    """A call, and the words to answer it with."""

    def __init__(self, **settings) -> None:
        count = itertools.count()
        ends = Ends(
            config=SipConfig(address="loa.xa", user="101", **settings),
            peer=PEER,
            local=("10.0.0.1", 5070),
            new_token=lambda: f"token{next(count)}",
        )
        self.now_s = 0.0
        self.call = Call(ends, rtp_port=4000, now_s=0.0)
        self.invitation = self.requests()[0]

    def requests(self) -> list[Request | Response]:
        """What was sent since the last look."""
        letters, self.call.letters = self.call.letters, []
        return [parse_datagram(datagram) for datagram, _ in letters]

    def methods(self) -> list[str]:
        return [request.method for request in self.requests()]

    def answer(self, status: int, *headers, to: Request | None = None, body: bytes = b"") -> None:
        """Answer the invitation, or another request."""
        asked = to or self.invitation
        copied = [
            (name, value + (";tag=theirs" if name == "to" and "tag=" not in value else ""))
            for name, value in asked.headers
            if name in {"via", "from", "to", "call-id", "cseq"}
        ]
        answer = Response(status=status, reason="-", headers=(*copied, *headers), body=body)
        self.call.receive(parse_datagram(answer.encode()), PEER, now_s=self.now_s)

    def pick_up(self, *headers) -> None:
        self.answer(200, ("Contact", "<sip:101@10.0.0.9:5062>"), *headers, body=SDP)

    def ask(self, method: str, body: bytes = b"") -> None:
        """A request from the loudspeaker within the call."""
        headers = (
            ("Via", "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKx"),
            ("From", "<sip:101@loa.xa>;tag=theirs"),
            ("To", self.invitation.first("from")),
            ("Call-ID", self.invitation.first("call-id")),
            ("CSeq", f"7 {method}"),
        )
        request = Request(method=method, uri="sip:ioc@10.0.0.1", headers=headers, body=body)
        self.call.receive(parse_datagram(request.encode()), PEER, now_s=self.now_s)

    def wait(self, seconds: float) -> None:
        """Let time pass, by every instant the call asks to be woken at."""
        end_s = self.now_s + seconds
        while (due_s := self.call.due_s) is not None and due_s <= end_s:
            self.now_s = max(self.now_s, due_s)
            self.call.tick(now_s=self.now_s)
        self.now_s = end_s


def test_an_answered_call_is_acknowledged_where_the_loudspeaker_wants_it():
    """ACK and BYE go to the Contact, by the routes that the answer recorded, and end the call."""
    other = OtherSide()
    other.pick_up(("Record-Route", "<sip:10.0.0.2;lr>"), ("Record-Route", "<sip:10.0.0.3;lr>"))
    assert other.call.stage is Stage.ANSWERED
    assert other.call.letters[-1][1] == ("10.0.0.3", 5060)
    (acknowledgement,) = other.requests()
    assert (acknowledgement.method, acknowledgement.uri) == ("ACK", "sip:101@10.0.0.9:5062")
    assert acknowledgement.whole("route") == ("<sip:10.0.0.3;lr>", "<sip:10.0.0.2;lr>")
    other.call.hang_up(now_s=1.0)
    (farewell,) = other.requests()
    assert farewell.method == "BYE"
    other.answer(200, to=farewell)
    assert (other.call.stage, other.call.failure) == (Stage.ENDED, None)


def test_an_acknowledgement_that_was_lost_is_repeated():
    """The same answer again gets ACK again."""
    other = OtherSide()
    other.pick_up()
    other.pick_up()
    assert other.methods() == ["ACK", "ACK"]


def test_silence_is_asked_again_and_then_given_up():
    """The invitation goes out at 0, 0.5, 1.5 and 3.5 s; after 4 s nobody is there."""
    other = OtherSide()
    other.wait(3.9)
    assert other.methods() == ["INVITE"] * 3
    other.wait(0.2)
    assert isinstance(other.call.failure, Unreachable)


def test_a_loudspeaker_that_only_rings_is_let_go():
    """After 10 s the invitation is taken back, under its own number, and the reason is said."""
    other = OtherSide()
    other.answer(180)
    other.wait(9.9)
    assert other.methods() == []
    other.wait(0.2)
    (cancellation,) = other.requests()
    assert cancellation.method == "CANCEL"
    assert cancellation.first("via") == other.invitation.first("via")
    assert cancellation.cseq == (1, "CANCEL")
    other.answer(200, to=cancellation)
    other.answer(487)
    assert other.methods() == ["ACK"]
    assert other.call.stage is Stage.ENDED
    assert "answer by itself" in str(other.call.failure)


def test_who_picks_up_after_all_is_hung_up_on():
    """An answer that crosses the cancellation gets ACK and BYE, or it would stay on the line."""
    other = OtherSide()
    other.answer(100)
    other.call.hang_up(now_s=0.1)
    other.pick_up()
    assert other.methods() == ["CANCEL", "ACK", "BYE"]
    other.wait(10)
    assert other.call.stage is Stage.ENDED


def test_an_unwanted_call_is_cancelled_only_when_it_was_heard_of():
    """RFC 3261 §9.1: CANCEL waits for a first answer."""
    other = OtherSide()
    other.call.hang_up(now_s=0.1)
    assert other.methods() == []
    other.answer(100)
    assert other.methods() == ["CANCEL"]


def test_a_challenge_is_answered_once():
    """With the account, a higher number, in the same call; refused again, the password is wrong."""
    other = OtherSide(username="gateway", password="mat-khau")
    other.answer(401, CHALLENGE)
    acknowledgement, again = other.requests()
    assert (acknowledgement.method, again.cseq) == ("ACK", (2, "INVITE"))
    assert again.first("call-id") == other.invitation.first("call-id")
    assert 'username="gateway"' in again.first("authorization")
    assert "mat-khau" not in again.first("authorization")
    other.answer(401, CHALLENGE, to=again)
    assert isinstance(other.call.failure, WrongPassword)


def test_an_outdated_nonce_is_no_wrong_password():
    """`stale=true` asks for the same account with another nonce."""
    other = OtherSide(username="gateway", password="mat-khau")
    other.answer(401, CHALLENGE)
    again = other.requests()[-1]
    other.answer(401, (CHALLENGE[0], CHALLENGE[1] + ", stale=TRUE"), to=again)
    assert other.methods() == ["ACK", "INVITE"]
    assert other.call.failure is None


@pytest.mark.parametrize(
    "settings", [{}, {"username": "gateway", "password": "mat-khau"}], ids=["nobody", "Basic"]
)
def test_a_password_is_never_shown(settings):
    """Without an account, or asked for Basic, nothing is sent but the refusal taken."""
    other = OtherSide(**settings)
    challenge = CHALLENGE if not settings else ("WWW-Authenticate", 'Basic realm="thon"')
    other.answer(401, challenge)
    assert other.methods() == ["ACK"]
    assert isinstance(other.call.failure, WrongPassword)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, SinkUnusable),
        (403, WrongPassword),
        (404, SinkUnusable),
        (408, Unreachable),
        (480, Unreachable),
        (486, DeviceBusy),
        (488, SinkUnusable),
        (500, Unreachable),
        (503, Unreachable),
        (600, DeviceBusy),
        (603, DeviceBusy),
    ],
)
def test_a_refusal_says_who_must_act(status, error):
    """It is acknowledged and translated."""
    other = OtherSide()
    other.answer(status)
    assert other.methods() == ["ACK"]
    assert other.call.stage is Stage.ENDED
    assert type(other.call.failure) is error


def test_an_answer_without_our_codec_ends_the_call():
    """The call is acknowledged, ended, and the technician is told."""
    other = OtherSide()
    other.answer(200, body=SDP.replace(b" 8", b" 9"))
    assert other.methods() == ["ACK", "BYE"]
    assert isinstance(other.call.failure, SinkUnusable)


def test_a_loudspeaker_may_end_the_call():
    """BYE is answered, and the reason is said."""
    other = OtherSide()
    other.pick_up()
    other.ask("BYE")
    assert other.requests()[-1].status == 200
    assert other.call.stage is Stage.ENDED
    assert isinstance(other.call.failure, Unreachable)


def test_a_loudspeaker_may_move_its_ear():
    """An INVITE within the call changes where the sound goes; one that cannot is refused."""
    other = OtherSide()
    other.pick_up()
    other.ask("INVITE", SDP.replace(b"6000", b"6002"))
    assert other.call.media.port == 6002
    assert other.requests()[-1].status == 200
    other.ask("INVITE", b"m=audio 0 RTP/AVP 8")
    assert other.requests()[-1].status == 488
    assert (other.call.stage, other.call.media.port) == (Stage.ANSWERED, 6002)


@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 200), ("INFO", 405), ("CANCEL", 481)])
def test_other_questions_are_answered_politely(method, status):
    """They change nothing."""
    other = OtherSide()
    other.pick_up()
    other.ask(method)
    assert other.requests()[-1].status == status
    assert other.call.stage is Stage.ANSWERED


def test_a_stranger_cannot_end_the_call():
    """Without the tag that the loudspeaker gave, BYE belongs to no call."""
    other = OtherSide()
    other.pick_up()
    other.call.receive(
        Request(
            method="BYE", uri="sip:ioc@10.0.0.1",
            headers=(("from", "<sip:x>;tag=guess"), ("call-id", other.invitation.first("call-id"))),
        ),
        ("10.0.0.66", 5060),
        now_s=0.0,
    )  # fmt: skip
    assert other.requests()[-1].status == 481
    assert other.call.stage is Stage.ANSWERED


steps = st.one_of(
    st.tuples(
        st.just("answer"),
        st.sampled_from([100, 180, 183, 200, 202, 301, 401, 407, 486, 487, 488, 503, 603]),
        st.sampled_from([b"", SDP, SDP.replace(b"6000", b"0"), b"\xff\x00"]),
    ),
    st.tuples(st.just("ask"), st.sampled_from(["INVITE", "BYE", "OPTIONS", "CANCEL", "ACK"])),
    st.tuples(st.just("wait"), st.floats(0.1, 12)),
    st.tuples(st.just("hang_up")),
)


@given(st.lists(steps, max_size=12))
def test_whatever_happens_the_call_ends(story):
    """No order of answers, questions and pauses breaks it; once hung up, it is over in 30 s."""
    other = OtherSide(username="gateway", password="mat-khau")
    asked = [other.invitation]
    for what, *rest in story:
        if what == "answer":
            other.answer(rest[0], CHALLENGE, to=asked[-1], body=rest[1])
        elif what == "hang_up":
            other.call.hang_up(now_s=other.now_s)
        else:
            getattr(other, what)(*rest)
        sent = other.requests()
        asked += [one for one in sent if isinstance(one, Request) and one.method != "ACK"]
        assert len(sent) < 20
    other.call.hang_up(now_s=other.now_s)
    other.wait(30)
    assert other.call.stage is Stage.ENDED
