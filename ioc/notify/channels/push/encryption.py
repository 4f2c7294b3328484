"""Message encryption for web push: RFC 8291 over the content coding aes128gcm of RFC 8188; pure."""

import base64
import binascii
import struct
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD_BYTES = 4_096
LONGEST_PLAINTEXT_BYTES = RECORD_BYTES - 16 - 1 - 86
"""So that the whole body, header included, stays within what every service takes."""
_LAST_RECORD = b"\x02"


class KeysUnusable(Exception):
    """A browser's keys are no keys; the person subscribes again."""


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """The keys a browser gave: its public key and the secret that only it and we know."""

    public_key: ec.EllipticCurvePublicKey
    auth: bytes = field(repr=False)

    @classmethod
    def parse(cls, p256dh: str, auth: str) -> "Recipient":
        """Return the keys from their base64url.

        Raises:
            KeysUnusable: no point of P-256, or no 16 octets.
        """
        try:
            point, secret = decode_base64url(p256dh), decode_base64url(auth)
            public_key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        except ValueError as error:
            raise KeysUnusable("p256dh") from error
        if len(secret) != 16:
            raise KeysUnusable("auth")
        return cls(public_key=public_key, auth=secret)


def encrypt(
    plaintext: bytes, recipient: Recipient, *, own: ec.EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    """Return the body of a push request: one record.

    Args:
        plaintext: at most `LONGEST_PLAINTEXT_BYTES`.
        recipient: the browser's keys.
        own: a P-256 key made for this message alone.
        salt: 16 random octets.
    """
    own_point = _point(own.public_key())
    shared = own.exchange(ec.ECDH(), recipient.public_key)
    about = b"WebPush: info\x00" + _point(recipient.public_key) + own_point
    material = _derive(shared, salt=recipient.auth, info=about, length=32)
    key = _derive(material, salt=salt, info=b"Content-Encoding: aes128gcm\x00", length=16)
    nonce = _derive(material, salt=salt, info=b"Content-Encoding: nonce\x00", length=12)
    head = salt + struct.pack(">IB", RECORD_BYTES, len(own_point)) + own_point
    return head + AESGCM(key).encrypt(nonce, plaintext + _LAST_RECORD, None)


def encode_base64url(octets: bytes) -> str:
    """Return base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Return the octets of base64url, padded or not.

    Raises:
        ValueError: it is none.
    """
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derive(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
