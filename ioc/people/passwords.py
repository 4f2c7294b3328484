"""Passwords: generated readably, hashed with Argon2id off the event loop; stores nothing."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# 15 consonants by 5 vowels: 6.2 bits a syllable, so ten syllables hold 62 bits. Letters only,
# without the pairs that are confused on paper or by telephone (l/1, o/0 stand in no digits' place).
_CONSONANTS = "bcdghklmnprstvx"
_VOWELS = "aeiou"
_GROUPS = 5

MIN_CHOSEN_LENGTH = 10
MAX_LENGTH = 200

# Each hash takes 64 MiB (RFC 9106 §4, second recommended option): two at once fit a small machine.
_PARALLEL_HASHES = 2


def generate_password() -> str:
    """Return a password of 62 random bits that can be read aloud, as in `bavo-limu-tepa-soxi-gahu`."""
    return "-".join(_syllable() + _syllable() for _ in range(_GROUPS))


def _syllable() -> str:
    return secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS)


class PasswordVault:
    """Argon2id with a bound on how many hashes are worked out at once."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(_PARALLEL_HASHES)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """Return the encoded hash with its salt and parameters."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the password fits; None (no such account) takes as long and is False."""
        if len(password) > MAX_LENGTH:
            return False
        if self._nobody is None:
            self._nobody = await self.hash(generate_password())
        async with self._turns:
            fits = await asyncio.to_thread(self._fits, password_hash or self._nobody, password)
        return fits and password_hash is not None

    def _fits(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
