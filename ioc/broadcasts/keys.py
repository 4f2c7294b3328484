"""The centre's signing key: made once, kept in a private file, never shown; its public half is."""

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from contracts.commands import key_id_of

FILE_NAME = "commands.pem"


class SigningKeyUnusable(Exception):
    """The key that signs commands is missing or unreadable; the administrator must run `ioc init`."""


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """The Ed25519 key that proves commands."""

    key: Ed25519PrivateKey = field(repr=False)

    @property
    def key_id(self) -> str:
        """How signed commands name it."""
        return key_id_of(self.key.public_key())

    @property
    def public_key_base64(self) -> str:
        """The raw public key for the gateway's configuration."""
        return base64.b64encode(self.key.public_key().public_bytes_raw()).decode()


def create_signing_key(folder: Path) -> SigningKey:
    """Make the key in `folder`, readable by its owner only; an existing one is kept and returned."""
    path = folder / FILE_NAME
    if path.exists():
        return load_signing_key(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    unfinished = folder / f".{FILE_NAME}.{os.getpid()}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)  # never half a key, even in a power cut
    return SigningKey(key=key)


def load_signing_key(folder: Path) -> SigningKey:
    """Return the key made by `create_signing_key`.

    Raises:
        SigningKeyUnusable: the file is missing, unreadable, or of another kind.
    """
    path = folder / FILE_NAME
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SigningKeyUnusable(f"{path}: {error}; run `ioc init`") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyUnusable(f"{path} holds another kind of key; run `ioc init`")
    return SigningKey(key=key)
