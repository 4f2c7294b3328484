"""The log of what people did: append-only, each entry chained to the one before by its hash.

A changed, inserted or removed entry breaks the chain from there on. Entries cut off at the end do
not: whoever must notice that keeps the newest hash elsewhere.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.store.tables import audit_log

_ORIGIN = "0" * 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What somebody did; `login` None: the administrator at the machine itself."""

    login: str | None
    action: str
    subject: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What verifying found; `broken_at`: the first entry whose chain does not hold."""

    entries: int
    broken_at: int | None
    last_hash: str


async def write(connection: AsyncConnection, deed: Deed, *, at: datetime) -> None:
    """Append an entry in the caller's transaction, which must be the only writing one."""
    newest = select(audit_log.c.number, audit_log.c.hash).order_by(audit_log.c.number.desc())
    previous = (await connection.execute(newest.limit(1))).first()
    number, previous_hash = (previous.number + 1, previous.hash) if previous else (1, _ORIGIN)
    entry: dict[str, Any] = {
        "number": number,
        "at": at,
        "login": deed.login,
        "action": deed.action,
        "subject": deed.subject,
        "detail": deed.detail,
        "previous_hash": previous_hash,
    }
    await connection.execute(insert(audit_log).values(**entry, hash=_hash_of(entry)))


async def verify(connection: AsyncConnection) -> Verdict:
    """Walk the whole chain."""
    entries, last_hash = 0, _ORIGIN
    rows = await connection.stream(select(audit_log).order_by(audit_log.c.number))
    async for row in rows.mappings():
        entry = dict(row)
        claimed = entry.pop("hash")
        holds = entry["previous_hash"] == last_hash and entry["number"] == entries + 1
        if not holds or claimed != _hash_of(entry):
            return Verdict(entries=entries, broken_at=entries + 1, last_hash=last_hash)
        entries, last_hash = entries + 1, claimed
    return Verdict(entries=entries, broken_at=None, last_hash=last_hash)


def _hash_of(entry: dict[str, Any]) -> str:
    at_us = (entry["at"] - _EPOCH) // timedelta(microseconds=1)
    text = json.dumps(entry | {"at": at_us}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
