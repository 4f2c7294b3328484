"""The people of the commune: accounts, logging in and out; keeps everything in the store."""

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ioc.clock import Clock
from ioc.people import accounts, audit
from ioc.people.access import Access, Role
from ioc.people.accounts import User, parse_login
from ioc.people.audit import Deed
from ioc.people.errors import Refusal
from ioc.people.passwords import (
    MAX_LENGTH,
    MIN_CHOSEN_LENGTH,
    PasswordVault,
    generate_password,
)
from ioc.people.throttle import Attempts
from ioc.store.engine import Store
from ioc.store.faults import StoreUnavailable

SESSION_LENGTH = timedelta(hours=12)
# A use moves the end on at most this often, so that reading pages rarely writes.
_PROLONG_STEP = timedelta(minutes=10)
_REMEMBERED_STRANGERS = 10_000


@dataclass(frozen=True, kw_only=True)
class Session:
    """A person at a browser; valid until `expires_at`, which each use moves on."""

    access: Access
    csrf_token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class LoggedIn:
    """A login that succeeded; `token` belongs in the cookie and is kept nowhere else."""

    token: str = field(repr=False)
    session: Session


@dataclass(frozen=True, kw_only=True)
class LoginRefused:
    """A login that failed; `retry_after_s` above zero: further attempts are refused until then."""

    retry_after_s: float
    vi: str
    en: str


class People:
    """Everything about people that the rest of the centre needs."""

    def __init__(self, *, store: Store, clock: Clock, vault: PasswordVault | None = None) -> None:
        self._store = store
        self._clock = clock
        self._vault = vault or PasswordVault()
        # Unknown logins are closed like known ones, else the delay would tell them apart.
        self._strangers: OrderedDict[str, Attempts] = OrderedDict()

    async def login(self, login: str, password: str) -> LoggedIn | LoginRefused:
        """Open a session; wrong login and wrong password are told apart nowhere, not even in time."""
        login = login.strip().lower()[:MAX_LENGTH]
        wait_s = await self._count_attempt(login)
        if wait_s > 0:
            return _locked(wait_s)
        if not await self._password_fits(login, password):
            return await self._refuse(login)
        now = self._clock.now()
        async with self._store.begin() as connection:
            row = await accounts.find(connection, login)
            if row is None or row.disabled:  # closed accounts are not told from wrong passwords
                return _wrong()
            await accounts.keep_attempts(connection, login, Attempts())
            opened = await accounts.open_session(
                connection, login, now=now, expires_at=now + SESSION_LENGTH
            )
            await audit.write(connection, Deed(login=login, action="login", subject=login), at=now)
            access = await accounts.access_of(connection, row)
        session = Session(access=access, csrf_token=opened.csrf_token, expires_at=opened.expires_at)
        return LoggedIn(token=opened.token, session=session)

    async def session_of(self, token: str) -> Session | None:
        """Return the session of a cookie while it and its account are valid."""
        now = self._clock.now()
        async with self._store.read() as connection:
            row = await accounts.find_session(connection, token, now)
            if row is None:
                return None
            access = await accounts.access_of(connection, row)
        expires_at: datetime = row.expires_at
        if now + SESSION_LENGTH - expires_at > _PROLONG_STEP:
            # A database that cannot be written to may still be read: nobody is sent away for that.
            with suppress(StoreUnavailable):
                async with self._store.begin() as connection:
                    await accounts.prolong_session(connection, token, now + SESSION_LENGTH)
                expires_at = now + SESSION_LENGTH
        return Session(access=access, csrf_token=row.csrf_token, expires_at=expires_at)

    async def logout(self, token: str) -> None:
        """End the session; the cookie is worthless from then on."""
        now = self._clock.now()
        async with self._store.begin() as connection:
            login = await accounts.end_session(connection, token, now)
            if login is not None:
                deed = Deed(login=login, action="logout", subject=login)
                await audit.write(connection, deed, at=now)

    async def add_user(
        self, login: str, *, name: str, role: Role, area_id: str, by: str | None = None
    ) -> str:
        """Return the generated first password of an account made now; `by`: who made it.

        Raises:
            Refusal: the login is taken or malformed, or the area is unknown or unsuitable.
        """
        user = User(
            login=parse_login(login),
            name=name,
            role=role,
            area_id=area_id,
            disabled=False,
            created_at=self._clock.now(),
        )
        password = generate_password()
        password_hash = await self._vault.hash(password)
        deed = Deed(login=by, action="user_add", subject=user.login, detail=f"{role} {area_id}")
        async with self._store.begin() as connection:
            await accounts.add(connection, user, password_hash=password_hash)
            await audit.write(connection, deed, at=user.created_at)
        return password

    async def users(self) -> tuple[User, ...]:
        """Return all accounts by login."""
        async with self._store.read() as connection:
            return await accounts.all_users(connection)

    async def set_disabled(self, login: str, *, disabled: bool, by: str | None = None) -> None:
        """Close an account and its sessions, or open it again.

        Raises:
            Refusal: there is no such login.
        """
        action = "user_disable" if disabled else "user_enable"
        async with self._store.begin() as connection:
            await accounts.change(connection, login, disabled=disabled)
            deed = Deed(login=by, action=action, subject=login)
            await audit.write(connection, deed, at=self._clock.now())

    async def reset_password(self, login: str, *, by: str | None = None) -> str:
        """Return a generated password; all sessions of the account end.

        Raises:
            Refusal: there is no such login.
        """
        password = generate_password()
        await self._set_password(login, password, by=by, action="password_reset")
        return password

    async def change_password(self, login: str, *, current: str, wanted: str) -> None:
        """Set the password a person chose; all sessions of the account end.

        Raises:
            Refusal: `current` is wrong, or `wanted` is not 10 to 200 characters long.
        """
        if not MIN_CHOSEN_LENGTH <= len(wanted) <= MAX_LENGTH:
            raise Refusal(
                "password_length",
                vi=f"Mật khẩu cần từ {MIN_CHOSEN_LENGTH} đến {MAX_LENGTH} ký tự.",
                en=f"A password has {MIN_CHOSEN_LENGTH} to {MAX_LENGTH} characters.",
            )
        wait_s = await self._count_attempt(login)
        if wait_s > 0 or not await self._password_fits(login, current):
            refused = _locked(wait_s) if wait_s > 0 else _wrong()
            raise Refusal("wrong_password", vi=refused.vi, en=refused.en)
        await self._set_password(login, wanted, by=login, action="password_change")

    async def _set_password(
        self, login: str, password: str, *, by: str | None, action: str
    ) -> None:
        password_hash = await self._vault.hash(password)
        async with self._store.begin() as connection:
            await accounts.change(
                connection,
                login,
                password_hash=password_hash,
                failed_logins=0,
                locked_until=None,
            )
            deed = Deed(login=by, action=action, subject=login)
            await audit.write(connection, deed, at=self._clock.now())

    async def _count_attempt(self, login: str) -> float:
        """Count an attempt, unless the login is closed; return the seconds it stays closed."""
        now = self._clock.now()
        async with self._store.begin() as connection:
            row = await accounts.find(connection, login)
            attempts = accounts.attempts_of(row) if row else self._stranger(login)
            wait_s = attempts.wait_s(now)
            if wait_s > 0:
                return wait_s
            if row:
                await accounts.keep_attempts(connection, login, attempts.counted(now))
            else:
                self._strangers[login] = attempts.counted(now)
                await accounts.count_stranger(connection)
        return 0.0

    def _stranger(self, login: str) -> Attempts:
        while len(self._strangers) >= _REMEMBERED_STRANGERS:
            self._strangers.popitem(last=False)
        return self._strangers.get(login, Attempts())

    async def _password_fits(self, login: str, password: str) -> bool:
        async with self._store.read() as connection:
            row = await accounts.find(connection, login)
        return await self._vault.verify(row.password_hash if row else None, password)

    async def _refuse(self, login: str) -> LoginRefused:
        now = self._clock.now()
        async with self._store.begin() as connection:
            row = await accounts.find(connection, login)
            if row is None:  # strangers could fill the log without end: they are only counted
                await accounts.count_stranger(connection)
            else:
                deed = Deed(login=login, action="login_refused", subject=login)
                await audit.write(connection, deed, at=now)
            attempts = accounts.attempts_of(row) if row else self._stranger(login)
        wait_s = attempts.wait_s(now)
        return _locked(wait_s) if wait_s > 0 else _wrong()


def _wrong() -> LoginRefused:
    return LoginRefused(
        retry_after_s=0.0,
        vi="Tên đăng nhập hoặc mật khẩu không đúng. Hãy thử lại, "
        "hoặc nhờ Quản trị của xã đặt lại mật khẩu.",
        en="Wrong login or password. Try again, or ask the commune's administrator to reset it.",
    )


def _locked(wait_s: float) -> LoginRefused:
    seconds = max(1, round(wait_s))
    return LoginRefused(
        retry_after_s=wait_s,
        vi=f"Đã nhập sai nhiều lần. Hãy thử lại sau {seconds} giây.",
        en=f"Too many wrong attempts. Try again in {seconds} seconds.",
    )
