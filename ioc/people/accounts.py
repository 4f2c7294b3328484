"""Accounts and their sessions as rows of the store; every function runs in the caller's transaction."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Integer, Row, Text, cast, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.people.access import Access, Role
from ioc.people.areas import AreaTree
from ioc.people.errors import Refusal, unknown_login
from ioc.people.throttle import Attempts
from ioc.store.tables import areas, meta, sessions, users

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}")
_STRANGERS = "unknown_login_attempts"


@dataclass(frozen=True, kw_only=True)
class User:
    """One account."""

    login: str
    name: str
    role: Role
    area_id: str
    disabled: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class OpenSession:
    """A session whose token exists only in the cookie."""

    token: str = field(repr=False)
    csrf_token: str = field(repr=False)
    expires_at: datetime


def parse_login(text: str) -> str:
    """Return a login as it is stored: lower case, no blanks around it.

    Raises:
        Refusal: it has other characters than a-z 0-9 . _ - or not 2 to 63 of them.
    """
    login = text.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise Refusal(
            "malformed_login",
            vi="Tên đăng nhập gồm 2 đến 63 ký tự a-z, 0-9, dấu chấm, gạch dưới hoặc gạch ngang. "
            "Hãy chọn tên khác.",
            en="A login has 2 to 63 of a-z, 0-9, dot, underscore and hyphen. Choose another one.",
        )
    return login


async def load_areas(connection: AsyncConnection) -> AreaTree:
    """Return the tree of all areas."""
    rows = await connection.execute(select(areas.c.area_id, areas.c.parent_id))
    return AreaTree(parents={row.area_id: row.parent_id for row in rows})


async def find(connection: AsyncConnection, login: str) -> Row[Any] | None:
    """Return the row of an account."""
    return (await connection.execute(select(users).where(users.c.login == login))).first()


async def add(connection: AsyncConnection, user: User, *, password_hash: str) -> None:
    """Store a new account.

    Raises:
        Refusal: the login is taken, or the area does not exist or does not suit the role.
    """
    _check_area(await load_areas(connection), user)
    row = {
        "login": user.login,
        "name": user.name,
        "role": user.role.value,
        "area_id": user.area_id,
        "created_at": user.created_at,
        "password_hash": password_hash,
    }
    try:
        await connection.execute(insert(users).values(**row))
    except IntegrityError as error:
        raise Refusal(
            "login_taken",
            vi=f"Đã có tài khoản {user.login}. Hãy chọn tên đăng nhập khác.",
            en=f"There is already an account {user.login}. Choose another login.",
        ) from error


def _check_area(tree: AreaTree, user: User) -> None:
    if user.area_id not in tree.parents:
        known = ", ".join(sorted(tree.parents)) or "-"
        raise Refusal(
            "unknown_area",
            vi=f"Không có địa bàn {user.area_id}. Các địa bàn đã khai báo: {known}.",
            en=f"There is no area {user.area_id}. Areas configured: {known}.",
        )
    if user.role is Role.HAMLET_HEAD and tree.has_children(user.area_id):
        raise Refusal(
            "not_a_hamlet",
            vi=f"Vai trò này thuộc địa bàn nhỏ nhất; {user.area_id} còn có địa bàn bên dưới.",
            en=f"A hamlet head belongs to one hamlet; {user.area_id} has other areas below it.",
        )


async def all_users(connection: AsyncConnection) -> tuple[User, ...]:
    """Return every account, by login."""
    rows = await connection.execute(select(users).order_by(users.c.login))
    return tuple(
        User(
            login=row.login,
            name=row.name,
            role=Role(row.role),
            area_id=row.area_id,
            disabled=row.disabled,
            created_at=row.created_at,
        )
        for row in rows
    )


async def change(connection: AsyncConnection, login: str, **values: object) -> None:
    """Change columns of an account and end its sessions.

    Raises:
        Refusal: there is no such login.
    """
    changed = await connection.execute(
        update(users).where(users.c.login == login).values(**values).returning(users.c.login)
    )
    if changed.first() is None:
        raise unknown_login(login)
    await connection.execute(delete(sessions).where(sessions.c.login == login))


def attempts_of(row: Row[Any]) -> Attempts:
    """Return the failed attempts an account's row remembers."""
    return Attempts(failed=row.failed_logins, locked_until=row.locked_until)


async def keep_attempts(connection: AsyncConnection, login: str, attempts: Attempts) -> None:
    """Remember the failed attempts of an account."""
    values = {"failed_logins": attempts.failed, "locked_until": attempts.locked_until}
    await connection.execute(update(users).where(users.c.login == login).values(**values))


async def count_stranger(connection: AsyncConnection) -> None:
    """Count an attempt with an unknown login: as much work on disk as for a known one."""
    mine = meta.c.key == _STRANGERS
    counted = update(meta).where(mine).values(value=cast(cast(meta.c.value, Integer) + 1, Text))
    if (await connection.execute(counted.returning(meta.c.key))).first() is None:
        await connection.execute(insert(meta).values(key=_STRANGERS, value="1"))


async def access_of(connection: AsyncConnection, user: Row[Any]) -> Access:
    """Return what an account may do, by the areas as they are now."""
    tree = await load_areas(connection)
    return Access(
        login=user.login,
        name=user.name,
        role=Role(user.role),
        area_ids=tree.subtree(user.area_id),
    )


async def open_session(
    connection: AsyncConnection, login: str, *, now: datetime, expires_at: datetime
) -> OpenSession:
    """Store a session under the hash of its token, and forget those that have ended."""
    await connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    opened = OpenSession(
        token=secrets.token_urlsafe(32), csrf_token=secrets.token_hex(32), expires_at=expires_at
    )
    row = {
        "token_sha256": token_hash(opened.token),
        "login": login,
        "csrf_token": opened.csrf_token,
        "created_at": now,
        "expires_at": expires_at,
    }
    await connection.execute(insert(sessions).values(**row))
    return opened


async def find_session(connection: AsyncConnection, token: str, now: datetime) -> Row[Any] | None:
    """Return session and account of a cookie, while both are valid."""
    wanted = (
        select(sessions.c.csrf_token, sessions.c.expires_at, users)
        .join(users, users.c.login == sessions.c.login)
        .where(sessions.c.token_sha256 == token_hash(token))
        .where(sessions.c.expires_at > now, users.c.disabled.is_(False))
    )
    return (await connection.execute(wanted)).first()


async def prolong_session(connection: AsyncConnection, token: str, expires_at: datetime) -> None:
    """Move the end of a session on."""
    await connection.execute(
        update(sessions)
        .where(sessions.c.token_sha256 == token_hash(token))
        .values(expires_at=expires_at)
    )


async def end_session(connection: AsyncConnection, token: str, now: datetime) -> str | None:
    """Delete a session and all that have ended; return whose it was."""
    mine = sessions.c.token_sha256 == token_hash(token)
    login = (await connection.execute(select(sessions.c.login).where(mine))).scalar_one_or_none()
    await connection.execute(delete(sessions).where(or_(mine, sessions.c.expires_at <= now)))
    return login


def token_hash(token: str) -> str:
    """Return what is stored of a token: it has 256 random bits, so a fast hash keeps it."""
    return sha256(token.encode()).hexdigest()
