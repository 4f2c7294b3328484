"""Asks a SIP loudspeaker for a sign of life (OPTIONS, RFC 3261 §11); a call goes on undisturbed."""

import asyncio
import secrets
import time

from drivers.loudspeaker import LoudspeakerStatus, Unreachable, WrongPassword
from drivers.sip.calling.dialog import Dialog, Ends
from drivers.sip.calling.refusals import refusal
from drivers.sip.calling.retransmission import Letter, Retransmission
from drivers.sip.calling.syntax import Response
from drivers.sip.endpoint import Endpoint, wait_readable
from drivers.sip.settings import SipConfig, check

_PATIENCE_S = 4.0
_GONE = frozenset({404, 408, 410, 480, 502, 503, 504, 604})
"""From an exchange these say that the loudspeaker behind it is not there; everything else is life."""


async def read_status(config: SipConfig) -> LoudspeakerStatus:
    """Ask; its name and firmware stand in the answer in the maker's own words.

    Raises:
        SinkUnusable: The settings make no address.
        Unreachable: Nothing answers within 4 s.
        WrongPassword: It wants an account, and not this one.
    """
    check(config)
    return await asyncio.to_thread(_ask, config)


def _ask(config: SipConfig) -> LoudspeakerStatus:
    deadline_s = time.monotonic() + _PATIENCE_S
    with Endpoint(config) as endpoint:
        ends = Ends(
            config=config,
            peer=endpoint.peer,
            local=endpoint.local,
            new_token=lambda: secrets.token_hex(8),
        )
        dialog = Dialog(ends)
        answer = _exchange(endpoint, dialog, dialog.next_request("OPTIONS"), deadline_s)
        while answer.status in {401, 407} and config.username:
            if not dialog.take_challenge(answer):
                raise WrongPassword("the device refuses the account")
            answer = _exchange(endpoint, dialog, dialog.next_request("OPTIONS"), deadline_s)
    if answer.status in _GONE:
        raise refusal(answer.status, answer.reason)
    return LoudspeakerStatus(model=(answer.first("server") or answer.first("user-agent"))[:100])


def _exchange(endpoint: Endpoint, dialog: Dialog, question: Letter, deadline_s: float) -> Response:
    endpoint.send([question])
    now_s = time.monotonic()
    under_way = Retransmission(question, now_s=now_s, patience_s=deadline_s - now_s)
    while not under_way.is_over(now_s=now_s):
        wait_readable(endpoint.fileno(), timeout_s=under_way.due_s - now_s)
        for came, _ in endpoint.receive():
            if isinstance(came, Response) and _belongs(came, dialog):
                return came
        now_s = time.monotonic()
        if letter := under_way.again(now_s=now_s):
            endpoint.send([letter])
    raise Unreachable("no answer to SIP")


def _belongs(answer: Response, dialog: Dialog) -> bool:
    return (
        answer.status >= 200
        and answer.first("call-id") == dialog.call_id
        and answer.cseq[0] == dialog.number
    )
