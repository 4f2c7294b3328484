"""The key by which push services know the centre (VAPID, RFC 8292): made once, never shown."""

import json
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from ioc.notify.channels.push.encryption import encode_base64url

FILE_NAME = "web_push.pem"
_TOKEN_LIFE = timedelta(hours=12)


class PushKeyUnusable(Exception):
    """The key for web push is unreadable or of another kind; browsers would have to subscribe anew."""


@dataclass(frozen=True, kw_only=True)
class PushKey:
    """A P-256 key."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def public_base64url(self) -> str:
        """What browsers are given as `applicationServerKey`."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return encode_base64url(point)

    def authorization(self, *, audience: str, contact: str, now: datetime) -> str:
        """Return the Authorization header for a push service, whose origin is `audience`."""
        claims = {"aud": audience, "exp": int((now + _TOKEN_LIFE).timestamp()), "sub": contact}
        head = encode_base64url(json.dumps({"typ": "JWT", "alg": "ES256"}).encode())
        signed = f"{head}.{encode_base64url(json.dumps(claims).encode())}"
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(SHA256())))
        signature = encode_base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        return f"vapid t={signed}.{signature}, k={self.public_base64url}"


def open_push_key(path: Path) -> PushKey:
    """Return the key at `path`, made now if there is none.

    Raises:
        PushKeyUnusable: it cannot be read or written, or is of another kind.
    """
    try:
        if not path.exists():
            _create(path)
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise PushKeyUnusable(f"{path}: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise PushKeyUnusable(f"{path} holds another kind of key")
    return PushKey(key=key)


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)  # never half a key, even in a power cut
