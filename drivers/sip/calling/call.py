"""One outgoing call, from the invitation to the last BYE (RFC 3261 §13-15). Pure: no socket, no clock.

Its owner sends what it finds in `letters`, hands in what came, and calls `tick` when `due_s` is over.
"""

from collections.abc import Callable
from enum import Enum, auto

from drivers.loudspeaker import LoudspeakerError, SinkUnusable, Unreachable
from drivers.sip.calling.dialog import ALLOWED, Dialog, Ends
from drivers.sip.calling.refusals import refusal
from drivers.sip.calling.retransmission import Destination, Letter, Retransmission
from drivers.sip.calling.sdp import CONTENT_TYPE, Media, describe, read_answer
from drivers.sip.calling.syntax import Header, Request, Response

_FIRST_REPLY_S = 4.0
"""Sent at 0, 0.5, 1.5 and 3.5 s; a loudspeaker in this network that is silent so long is not there."""
_PICK_UP_S = 10.0
"""Linphone needs 1 s; what rings longer is not set to answer by itself."""
_FAREWELL_S = 4.0


class Stage(Enum):
    """How far a call is."""

    DIALLING = auto()
    ANSWERED = auto()
    ENDING = auto()
    ENDED = auto()


class Call:
    """One call. `failure` tells why it ended where nobody here wanted that."""

    def __init__(self, ends: Ends, *, rtp_port: int, now_s: float) -> None:
        """Invite; the caller's sockets are those that `ends` and `rtp_port` name."""
        self.stage = Stage.DIALLING
        self.failure: LoudspeakerError | None = None
        self.media: Media | None = None
        """Where the sound goes while the stage is ANSWERED."""
        self.letters: list[Letter] = []
        self._ends = ends
        self._rtp_port = rtp_port
        self._version = 0
        self._is_ringing = False
        self._is_unwanted = False
        self._dialog = Dialog(ends)
        self._under_way: dict[str, Retransmission] = {}
        self._invite(now_s)

    @property
    def due_s(self) -> float | None:
        """When `tick` has something to do; None: only after a datagram."""
        return min((request.due_s for request in self._under_way.values()), default=None)

    def hang_up(self, *, now_s: float) -> None:
        """End the call, or take the invitation back."""
        self._is_unwanted = True
        if self.stage is Stage.ANSWERED:
            self._say_goodbye(now_s)
        elif self.stage is Stage.DIALLING and self._is_ringing:
            self._cancel(now_s)

    def tick(self, *, now_s: float) -> None:
        """Send again what is unanswered; give up what has been so for too long."""
        for method, request in tuple(self._under_way.items()):
            if request.is_over(now_s=now_s):
                self._give_up(method, now_s)
            elif letter := request.again(now_s=now_s):
                self.letters.append(letter)

    def receive(self, came: Request | Response, source: Destination, *, now_s: float) -> None:
        """Take what came; what belongs to no call of ours is answered so, or ignored."""
        if isinstance(came, Request):
            self._answer(came, source)
        elif came.first("call-id") == self._dialog.call_id:
            self._hear(came, now_s)

    # --- what we asked ---------------------------------------------------------------------------

    def _invite(self, now_s: float) -> None:
        self._send(self._dialog.invite(self._description()), "INVITE", now_s, _FIRST_REPLY_S)

    def _cancel(self, now_s: float) -> None:
        self.stage = Stage.ENDING
        self._under_way["INVITE"].hold(give_up_s=now_s + _FAREWELL_S)
        self._send(self._dialog.cancel(), "CANCEL", now_s, _FAREWELL_S)

    def _say_goodbye(self, now_s: float) -> None:
        self.stage = Stage.ENDING
        self._send(self._dialog.next_request("BYE"), "BYE", now_s, _FAREWELL_S)

    def _send(self, letter: Letter, method: str, now_s: float, patience_s: float) -> None:
        self.letters.append(letter)
        self._under_way[method] = Retransmission(letter, now_s=now_s, patience_s=patience_s)

    def _give_up(self, method: str, now_s: float) -> None:
        if method == "CANCEL":
            self._under_way.pop(method, None)
        elif self.stage is not Stage.DIALLING or self._is_unwanted:
            self._end(None)
        elif self._is_ringing:
            self.failure = Unreachable("it rings and does not pick up: set it to answer by itself")
            self._cancel(now_s)
        else:
            self._end(Unreachable(f"no answer to SIP at {self._ends.config.address}"))

    def _hear(self, answer: Response, now_s: float) -> None:
        number, method = answer.cseq
        if method == "INVITE":
            self._hear_of_invitation(answer, number, now_s)
        elif method in self._under_way and answer.status >= 200:
            del self._under_way[method]
            if method == "BYE" and not self._sign_again(answer, self._say_goodbye, now_s):
                self._end(None)

    def _hear_of_invitation(self, answer: Response, number: int, now_s: float) -> None:
        is_awaited = number == self._dialog.number and "INVITE" in self._under_way
        if answer.status < 200:
            if is_awaited and not self._is_ringing:
                self._is_ringing = True
                self._under_way["INVITE"].hold(give_up_s=now_s + _PICK_UP_S)
                if self._is_unwanted:
                    self._cancel(now_s)
        elif answer.status < 300:
            self._pick_up(answer, is_awaited=is_awaited, now_s=now_s)
        elif is_awaited:
            self.letters.append(self._dialog.acknowledge(answer))
            del self._under_way["INVITE"]
            if self._is_unwanted or self.failure is not None:
                self._end(None)
            elif not self._sign_again(answer, self._invite, now_s):
                self._end(refusal(answer.status, answer.reason))

    def _sign_again(self, answer: Response, ask: Callable[[float], None], now_s: float) -> bool:
        """Ask again with the account where the answer was a challenge; False where it was none."""
        if answer.status not in {401, 407} or not self._dialog.take_challenge(answer):
            return False
        self._is_ringing = False
        ask(now_s)
        return True

    def _pick_up(self, answer: Response, *, is_awaited: bool, now_s: float) -> None:
        if not is_awaited:
            if answer.tag("to") == self._dialog.remote_tag:
                self.letters.append(self._dialog.acknowledge(answer))  # our ACK was lost
            return
        self._under_way.clear()
        self._dialog.establish(answer)
        self.letters.append(self._dialog.acknowledge(answer))
        try:
            self.media = read_answer(answer.body, offered=self._ends.config.codecs)
        except SinkUnusable as error:
            self.failure = error
        if self._is_unwanted or self.failure is not None:
            self._say_goodbye(now_s)
        else:
            self.stage = Stage.ANSWERED

    # --- what we are asked -----------------------------------------------------------------------

    def _answer(self, request: Request, source: Destination) -> None:
        is_ours = (
            request.first("call-id") == self._dialog.call_id
            and request.tag("from") == self._dialog.remote_tag != ""
        )
        match request.method:
            case "ACK":
                return
            case "OPTIONS":
                self._reply(request, source, 200, "OK", ("Allow", ALLOWED))
            case "BYE" if is_ours:
                self._reply(request, source, 200, "OK")
                wanted = self.stage is Stage.ANSWERED
                self._end(Unreachable("the loudspeaker hung up") if wanted else None)
            case "INVITE" if is_ours and self.stage is Stage.ANSWERED:
                self._renegotiate(request, source)
            case "BYE" | "INVITE" | "CANCEL":
                self._reply(request, source, 481, "Call Does Not Exist")
            case _:
                self._reply(request, source, 405, "Method Not Allowed", ("Allow", ALLOWED))

    def _renegotiate(self, request: Request, source: Destination) -> None:
        """Follow the loudspeaker to another port or codec (§14.2)."""
        try:
            if request.body:
                self.media = read_answer(request.body, offered=self._ends.config.codecs)
        except SinkUnusable:
            self._reply(request, source, 488, "Not Acceptable Here")
            return
        self._reply(
            request, source, 200, "OK", ("Content-Type", CONTENT_TYPE), body=self._description()
        )

    def _reply(
        self,
        request: Request,
        source: Destination,
        status: int,
        reason: str,
        *headers: Header,
        body: bytes = b"",
    ) -> None:
        host, port = self._ends.local
        copied = [
            (name, value)
            for name, value in request.headers
            if name in {"via", "from", "to", "call-id", "cseq", "record-route"}
        ]
        response = Response(
            status=status,
            reason=reason,
            headers=(*copied, ("Contact", f"<sip:{host}:{port}>"), *headers),
            body=body,
        )
        self.letters.append((response.encode(), source))

    def _description(self) -> bytes:
        self._version += 1
        return describe(
            address=self._ends.local[0],
            port=self._rtp_port,
            codecs=self._ends.config.codecs,
            version=self._version,
        )

    def _end(self, failure: LoudspeakerError | None) -> None:
        self.failure = self.failure or failure
        self.stage = Stage.ENDED
        self._under_way.clear()
