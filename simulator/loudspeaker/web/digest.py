"""The device's side of HTTP Digest (RFC 7616, MD5 and `qop=auth`); it refuses a count seen before."""

import hashlib
import re
import secrets

_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')
_MOST_NONCES = 64


class Doorkeeper:
    """Knows one account and the challenges it has given."""

    def __init__(self, username: str, password: str, *, realm: str) -> None:
        self._username = username
        self._password = password
        self._realm = realm
        self._counts: dict[str, int] = {}
        self.refusals = 0
        """How often a wrong answer came; a missing one is no attempt."""

    def challenge(self) -> str:
        """A value for WWW-Authenticate."""
        nonce = secrets.token_hex(16)
        self._counts[nonce] = 0
        while len(self._counts) > _MOST_NONCES:
            del self._counts[next(iter(self._counts))]
        return f'Digest realm="{self._realm}", nonce="{nonce}", qop="auth", algorithm=MD5'

    def lets_in(self, authorization: str, *, method: str, uri: str) -> bool:
        """Whether this answer to a challenge is right, and its count one that was not used yet."""
        if not authorization:
            return False
        fields = {name: quoted or plain for name, quoted, plain in _FIELD.findall(authorization)}
        is_right = fields.get("response") == self._expected(fields, method) and (
            fields.get("uri") == uri
        )
        count = int(fields["nc"], 16) if re.fullmatch("[0-9a-f]{8}", fields.get("nc", "")) else 0
        nonce = fields.get("nonce", "")
        if not is_right or count <= self._counts.get(nonce, count):
            self.refusals += 1
            return False
        self._counts[nonce] = count
        return True

    def _expected(self, fields: dict[str, str], method: str) -> str:
        owner = _md5(f"{self._username}:{self._realm}:{self._password}")
        what = _md5(f"{method}:{fields.get('uri', '')}")
        names = ("nonce", "nc", "cnonce", "qop")
        return _md5(":".join([owner, *(fields.get(name, "") for name in names), what]))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
