"""The requests of one call, numbered, addressed and signed as SIP wants them (RFC 3261 §12). Pure."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from drivers.line.account import Account
from drivers.sip.calling.retransmission import Destination, Letter
from drivers.sip.calling.syntax import Header, Request, Response, host_and_port, uri_in
from drivers.sip.settings import SipConfig, auto_answer_headers

AGENT = "commune-ioc"
ALLOWED = "INVITE, ACK, BYE, CANCEL, OPTIONS"
_CHALLENGES = {
    401: ("www-authenticate", "Authorization"),
    407: ("proxy-authenticate", "Proxy-Authorization"),
}


@dataclass(frozen=True, kw_only=True)
class Ends:
    """The two ends of one call."""

    config: SipConfig
    peer: Destination
    """Where `config.address` was found."""
    local: Destination
    """Where our SIP socket is bound."""
    new_token: Callable[[], str]
    """Fresh text nobody can guess, letters and digits."""


class Dialog:
    """Writes the requests of one call and remembers what its answers fixed."""

    def __init__(self, ends: Ends) -> None:
        """Args: `ends` does not change while the call lasts."""
        self._ends = ends
        self.call_id = f"{ends.new_token()}@{ends.local[0]}"
        self._local_tag = ends.new_token()
        self._remote_tag = ""
        self._number = 0
        self._branch = ""
        self._target = ends.config.uri
        self._routes: tuple[str, ...] = ()
        self._accounts: dict[int, Account] = {}

    @property
    def number(self) -> int:
        """CSeq of the latest request but ACK and CANCEL."""
        return self._number

    @property
    def remote_tag(self) -> str:
        """Which device answered; empty before."""
        return self._remote_tag

    def next_request(self, method: str, *headers: Header, body: bytes = b"") -> Letter:
        """A request of a new number."""
        self._number += 1
        self._branch = f"z9hG4bK{self._ends.new_token()}"
        return self._write(method, headers, body)

    def invite(self, body: bytes) -> Letter:
        """The invitation, or the next one after a challenge."""
        config = self._ends.config
        return self.next_request(
            "INVITE",
            *auto_answer_headers(config.auto_answer, local_host=self._ends.local[0]),
            ("Content-Type", "application/sdp"),
            body=body,
        )

    def cancel(self) -> Letter:
        """Take the latest invitation back: same branch, same number (§9.1)."""
        return self._write("CANCEL", (), b"")

    def acknowledge(self, answer: Response) -> Letter:
        """Tell that the final answer to an invitation came (§13.2.2.4, §17.1.1.3)."""
        if answer.status >= 300:
            return self._write("ACK", (), b"", to=answer.first("to"))
        branch, self._branch = self._branch, f"z9hG4bK{self._ends.new_token()}"
        letter = self._write("ACK", (), b"")
        self._branch = branch
        return letter

    def establish(self, answer: Response) -> None:
        """Take from a 2xx who answered and the way there."""
        self._remote_tag = answer.tag("to")
        self._routes = tuple(reversed(answer.all("record-route")))
        target = uri_in(answer.first("contact"))
        if host_and_port(target):
            self._target = target

    def take_challenge(self, answer: Response) -> bool:
        """Remember a 401 or 407; False when there is no answer to it, or ours was wrong."""
        asked, _ = _CHALLENGES[answer.status]
        # Basic would show the password to everybody on the way; RFC 3261 §22 forbids it.
        digests = [line for line in answer.whole(asked) if line.lower().startswith("digest")]
        known = self._accounts.get(answer.status)
        if known is not None and not any("stale=true" in line.lower() for line in digests):
            return False
        account = Account(self._ends.config.username, self._ends.config.password)
        self._accounts[answer.status] = account
        return bool(digests) and account.take(digests)

    def _write(self, method: str, headers: tuple[Header, ...], body: bytes, to: str = "") -> Letter:
        ends, config = self._ends, self._ends.config
        host, port = ends.local
        us = f"sip:{config.username or AGENT}@{host}"
        tag = f";tag={self._remote_tag}" if self._remote_tag else ""
        request = Request(
            method=method,
            uri=self._target,
            headers=(
                ("Via", f"SIP/2.0/UDP {host}:{port};branch={self._branch};rport"),
                ("Max-Forwards", "70"),
                *(("Route", route) for route in self._routes),
                ("From", f"<{us}>;tag={self._local_tag}"),
                ("To", to or f"<{config.uri}>{tag}"),
                ("Call-ID", self.call_id),
                ("CSeq", f"{self._number} {method}"),
                ("Contact", f"<{us}:{port}>"),
                ("User-Agent", AGENT),
                ("Allow", ALLOWED),
                *self._signatures(method),
                *headers,
            ),
            body=body,
        )
        return request.encode(), self._next_hop()

    def _signatures(self, method: str) -> list[Header]:
        signed = [
            (_CHALLENGES[status][1], account.authorization(method, self._target))
            for status, account in self._accounts.items()
            if method != "CANCEL"  # it cannot be challenged (§22.1)
        ]
        return [(name, value) for name, value in signed if value]

    def _next_hop(self) -> Destination:
        """The first route or the target where its host is an address; else where we called."""
        place = host_and_port(uri_in(self._routes[0]) if self._routes else self._target)
        try:
            return (str(ipaddress.IPv4Address(place[0])), place[1]) if place else self._ends.peer
        except ValueError:
            return self._ends.peer
