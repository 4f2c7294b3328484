"""Checks WS-UsernameToken and HTTP Digest credentials as a camera does; it keeps nonces only."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
DIGEST_TYPE = "#PasswordDigest"
TOKEN_WINDOW = timedelta(minutes=5)
"""How far `Created` may lie from the camera's clock (WS-UsernameToken 1.1 §3.1 recommends 5 min)."""
REALM = "simulated camera"


@dataclass(kw_only=True)
class Credentials:
    """The one account of a camera; the password may change while it runs."""

    username: str
    password: str


class UsernameTokenCheck:
    """Judges WS-UsernameToken headers against the camera's own clock; a nonce serves once."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._nonces: deque[str] = deque(maxlen=1000)

    def accepts(self, token: Element, camera_now: datetime) -> bool:
        """Return whether the token is right, fresh by `camera_now`, and not replayed."""
        username = token.findtext(f"{WSSE}Username", "")
        password = token.find(f"{WSSE}Password")
        nonce = token.findtext(f"{WSSE}Nonce", "")
        created = token.findtext(f"{WSU}Created", "")
        if password is None or not password.get("Type", "").endswith(DIGEST_TYPE):
            return False
        if nonce in self._nonces or not _is_fresh(created, camera_now):
            return False
        expected = password_digest(nonce, created, self._credentials.password)
        right = hmac.compare_digest(expected, password.text or "")
        if right and username == self._credentials.username:
            self._nonces.append(nonce)
            return True
        return False


def password_digest(nonce_base64: str, created: str, password: str) -> str:
    """Return Base64(SHA-1(nonce + created + password)) (WS-UsernameToken 1.1 §3.1)."""
    try:
        nonce = base64.b64decode(nonce_base64, validate=True)
    except binascii.Error:
        return ""
    # The standard names SHA-1; every ONVIF camera speaks it.
    digest = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False)
    return base64.b64encode(digest.digest()).decode()


def _is_fresh(created: str, camera_now: datetime) -> bool:
    try:
        instant = datetime.fromisoformat(created)
    except ValueError:
        return False
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return abs(instant - camera_now) <= TOKEN_WINDOW


class HttpDigestCheck:
    """Judges HTTP Digest credentials (RFC 7616 with MD5 and qop=auth, what cameras speak)."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._nonces: deque[str] = deque(maxlen=100)

    def challenge(self) -> str:
        """Return a fresh WWW-Authenticate value."""
        nonce = secrets.token_hex(16)
        self._nonces.append(nonce)
        return f'Digest realm="{REALM}", nonce="{nonce}", qop="auth", algorithm=MD5'

    def accepts(self, authorization: str, method: str) -> bool:
        """Return whether an Authorization value answers one of our challenges."""
        scheme, _, rest = authorization.partition(" ")
        fields = {
            name: quoted or plain
            for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', rest)
        }
        if scheme.lower() != "digest" or fields.get("nonce") not in self._nonces:
            return False
        right = hmac.compare_digest(self._expected(fields, method), fields.get("response", ""))
        return right and fields.get("username") == self._credentials.username

    def _expected(self, fields: dict[str, str], method: str) -> str:
        owner = f"{self._credentials.username}:{REALM}:{self._credentials.password}"
        what = f"{method}:{fields.get('uri', '')}"
        middle = ":".join(fields.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
        return _md5(f"{_md5(owner)}:{middle}:{_md5(what)}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
