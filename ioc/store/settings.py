"""What an installation decides about its database."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from ioc.store.database import DatabaseUrlWrong

Url = Annotated[str, Field(min_length=1, max_length=2_000)]


class DatabaseSettings(BaseModel):
    """Which PostgreSQL database holds the centre's state; without any of it a file of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Url | None = None
    """`postgresql://user@host/name`, without a password; of a socket: `…@/name?host=/run/postgresql`."""
    url_file: Path | None = None
    """Its first line is the address with its password; readable by the centre only."""

    @field_validator("url")
    @classmethod
    def _never_a_password_here(cls, url: str | None) -> str | None:
        try:
            password = None if url is None else make_url(url).password
        except ArgumentError:
            raise ValueError("no address; it looks like postgresql://user@host/name") from None
        if password is not None:
            raise ValueError(
                "holds a password; put the whole address into a private file and name that as"
                " database.url_file"
            )
        return url

    @model_validator(mode="after")
    def _one_at_most(self) -> Self:
        if self.url is not None and self.url_file is not None:
            raise ValueError("url and url_file say the same: give one of them")
        return self

    @property
    def is_server(self) -> bool:
        """Whether the state lies with a server rather than in a file."""
        return self.url is not None or self.url_file is not None

    def read_url(self) -> str | None:
        """Return the address, which may hold a password; None: the embedded database; blocking.

        Raises:
            DatabaseUrlWrong: the file is missing, empty, or not private.
        """
        if self.url_file is None:
            return self.url
        try:
            text = self.url_file.read_text("utf-8")
            mode = self.url_file.stat().st_mode
        except (OSError, UnicodeDecodeError) as error:
            raise DatabaseUrlWrong(f"database.url_file {self.url_file}: {error}") from error
        if mode & 0o077:
            raise DatabaseUrlWrong(
                f"database.url_file {self.url_file} can be read by others: chmod 600 it"
            )
        lines = text.splitlines()
        if not lines or not lines[0].strip():
            raise DatabaseUrlWrong(f"database.url_file {self.url_file}: its first line is empty")
        return lines[0].strip()
