"""Who may do what at the broker: mosquitto's password and access files, written whole each time."""

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from contracts.topics import (
    CENTRE_STATE,
    EVERY_GATEWAY_DOWN,
    EVERY_GATEWAY_UP,
    Address,
    Channel,
)

# mosquitto_passwd 2.0 writes the same; our passwords are random, so more rounds would buy nothing.
_ITERATIONS = 101
_SALT_BYTES = 12


def hash_password(password: str, salt: bytes | None = None) -> str:
    """Return a password in mosquitto's notation `$7$`: PBKDF2 with SHA-512."""
    salt = os.urandom(_SALT_BYTES) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    fields = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"$7${_ITERATIONS}${'$'.join(fields)}"


def passwords_file(data_dir: Path) -> Path:
    """Return mosquitto's `password_file`."""
    return data_dir / "broker" / "passwords"


def acl_file(data_dir: Path) -> Path:
    """Return mosquitto's `acl_file`."""
    return data_dir / "broker" / "acl"


def write_access_files(
    data_dir: Path, *, centre: tuple[str, str], gateways: Mapping[Address, str]
) -> None:
    """Replace both files; a running mosquitto reads them again on SIGHUP.

    Args:
        data_dir: the centre's.
        centre: user name and password hash of the centre itself.
        gateways: password hashes; a gateway's user name is its id.
    """
    username, password_hash = centre
    users = [(username, password_hash)]
    users += [(str(address.gateway_id), kept) for address, kept in gateways.items()]
    _replace(passwords_file(data_dir), "".join(f"{user}:{kept}\n" for user, kept in users))
    _replace(acl_file(data_dir), _acl(username, gateways))


def _acl(centre: str, addresses: Iterable[Address]) -> str:
    centre_rights = (
        # Read: it must notice when a dead centre's will is retained in place of its own state.
        f"readwrite {CENTRE_STATE}",
        f"read {EVERY_GATEWAY_UP}",
        f"write {EVERY_GATEWAY_DOWN}",
    )
    sections = [_section(centre, centre_rights)]
    for address in addresses:
        rights = (
            f"write {address.up_topic_filter()}",
            # It must notice when somebody else's state is retained as its own.
            f"read {address.topic_name(Channel.STATE)}",
            f"read {address.down_topic_filter()}",
            f"read {CENTRE_STATE}",
        )
        sections.append(_section(str(address.gateway_id), rights))
    return "\n".join(sections)


def _section(username: str, rights: Iterable[str]) -> str:
    return f"user {username}\n" + "".join(f"topic {right}\n" for right in rights)


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
