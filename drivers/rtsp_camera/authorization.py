"""Answers an RTSP server's challenge (RFC 2326 §D, RFC 7616, RFC 7617). Pure: no I/O."""

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drivers.camera import CameraCredentials

FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')
HASHES: dict[str, Callable[[bytes], str]] = {
    # MD5 is what cameras speak; it protects nothing but the password's text.
    "MD5": lambda text: hashlib.md5(text, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda text: hashlib.sha256(text).hexdigest(),
}


@dataclass(frozen=True, kw_only=True)
class RtspRequest:
    """The part of a request that a digest covers."""

    method: str
    uri: str


def answer_challenge(
    challenges: Sequence[str],
    credentials: CameraCredentials,
    request: RtspRequest,
    *,
    cnonce: str,
    count: int = 1,
) -> str | None:
    """Return an Authorization value for the best challenge, or None when none is understood.

    Args:
        challenges: The values of all WWW-Authenticate headers.
        credentials: The account.
        request: What is asked.
        cnonce: Fresh random text, used where the server asks for `qop=auth`.
        count: How often this challenge is answered, this time included.
    """
    for challenge in challenges:
        scheme, _, rest = challenge.strip().partition(" ")
        if scheme.lower() == "digest":
            fields = {name.lower(): quoted or plain for name, quoted, plain in FIELD.findall(rest)}
            answer = _digest(fields, credentials, request, (cnonce, count))
            if answer is not None:
                return answer
    if any(challenge.strip().lower().startswith("basic") for challenge in challenges):
        account = f"{credentials.username}:{credentials.password}".encode()
        return "Basic " + base64.b64encode(account).decode()
    return None


def _digest(
    fields: dict[str, str],
    credentials: CameraCredentials,
    request: RtspRequest,
    freshness: tuple[str, int],
) -> str | None:
    algorithm = fields.get("algorithm", "MD5").upper()
    if algorithm not in HASHES or "nonce" not in fields:
        return None
    realm, nonce = fields.get("realm", ""), fields["nonce"]
    owner = _hash(algorithm, f"{credentials.username}:{realm}:{credentials.password}")
    what = _hash(algorithm, f"{request.method}:{request.uri}")
    answer = {
        "username": credentials.username,
        "realm": realm,
        "nonce": nonce,
        "uri": request.uri,
        "algorithm": algorithm,
    }
    middle = nonce
    if "auth" in re.split(r"[,\s]+", fields.get("qop", "")):
        cnonce, count = freshness
        answer |= {"qop": "auth", "nc": f"{count:08x}", "cnonce": cnonce}
        middle = f"{nonce}:{count:08x}:{cnonce}:auth"
    if "opaque" in fields:
        answer["opaque"] = fields["opaque"]
    answer["response"] = _hash(algorithm, f"{owner}:{middle}:{what}")
    return "Digest " + ", ".join(_field(name, value) for name, value in answer.items())


def _field(name: str, value: str) -> str:
    """Write one field; RFC 7616 §3.4 wants these three without quotes."""
    if name in {"algorithm", "qop", "nc"}:
        return f"{name}={value}"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}="{escaped}"'


def _hash(algorithm: str, text: str) -> str:
    return HASHES[algorithm](text.encode())
