"""The tokens of a Zalo Official Account, exchanged in time and kept in a private file.

Each refresh token serves once. Should the centre be killed between Zalo's answer and the disk, an
administrator must authorise the account again; nothing can prevent that from this side.
"""

import asyncio
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ioc.clock import Clock
from ioc.notify.channels.outbound import Letter, Outbound
from ioc.notify.channels.secret_files import SecretUnusable, read_secret
from ioc.notify.settings import ZaloOfficialAccount

_EARLY = timedelta(minutes=5)
_USUAL_LIFE_S = 3_600


class TokensRefused(Exception):
    """Zalo takes neither token of the Official Account; the administrator authorises it again."""


class ZaloTokens:
    """Gives an access token that should still be good."""

    def __init__(self, settings: ZaloOfficialAccount, outbound: Outbound, clock: Clock) -> None:
        self._settings = settings
        self._outbound = outbound
        self._clock = clock
        self._turn = asyncio.Lock()

    async def current(self, *, instead_of: str | None = None) -> str:
        """Return the access token; `instead_of` is one that Zalo has just refused.

        Raises:
            SecretUnusable: a file cannot be used.
            TokensRefused: Zalo wants the account authorised again.
            Unreachable, Forbidden: Zalo cannot be asked.
        """
        async with self._turn:
            kept = await asyncio.to_thread(self._read)
            token = str(kept.get("access_token", ""))
            if token and token != instead_of and self._is_fresh(kept):
                return token
            return await self._exchange(str(kept.get("refresh_token", "")))

    def _is_fresh(self, kept: dict[str, Any]) -> bool:
        try:
            expires_at = datetime.fromisoformat(str(kept.get("expires_at")))
        except ValueError:
            return False
        return expires_at.tzinfo is not None and self._clock.now() < expires_at - _EARLY

    async def _exchange(self, refresh_token: str) -> str:
        form = {
            "refresh_token": refresh_token,
            "app_id": self._settings.app_id,
            "grant_type": "refresh_token",
        }
        answer = await self._outbound.send(
            Letter(
                url=f"{self._settings.oauth_url}/v4/oa/access_token",
                headers={
                    "content-type": "application/x-www-form-urlencoded",
                    "secret_key": read_secret(self._settings.app_secret_file),
                },
                content=urlencode(form).encode(),
            )
        )
        fields = answer.fields
        if not fields.get("access_token"):
            raise TokensRefused(str(fields.get("error", answer.status)))
        life_s = str(fields.get("expires_in", ""))
        lasts = timedelta(seconds=int(life_s) if life_s.isdecimal() else _USUAL_LIFE_S)
        kept = {
            "access_token": str(fields["access_token"]),
            "refresh_token": str(fields.get("refresh_token") or refresh_token),
            "expires_at": (self._clock.now() + lasts).isoformat(),
        }
        await asyncio.to_thread(_write, self._settings.tokens_file, kept)
        return kept["access_token"]

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads(read_secret(self._settings.tokens_file))
        except ValueError as error:
            raise SecretUnusable(f"{self._settings.tokens_file} is not JSON") from error
        if not isinstance(kept, dict):
            raise SecretUnusable(f"{self._settings.tokens_file} holds no object")
        return kept


def _write(path: Path, kept: dict[str, str]) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(kept, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)  # never half a token, even in a power cut
