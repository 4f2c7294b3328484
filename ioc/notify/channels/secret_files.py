"""Secrets in files of their own, read when they are needed so that they can be exchanged."""

from pathlib import Path

_READABLE_BY_ALL = 0o004


class SecretUnusable(Exception):
    """A secret's file is missing, empty, or readable by everybody; the administrator must mend it."""


def read_secret(path: Path) -> str:
    """Return what stands in the file at `path`, without the blanks around it.

    Raises:
        SecretUnusable: it cannot be read, is empty, or everybody on this machine may read it.
    """
    try:
        if path.stat().st_mode & _READABLE_BY_ALL:
            raise SecretUnusable(f"{path} can be read by everybody: chmod 600 it")
        secret = path.read_text("utf-8").strip()
    except FileNotFoundError as error:
        raise SecretUnusable(f"{path} does not exist") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SecretUnusable(f"{path}: {type(error).__name__}") from error
    if not secret:
        raise SecretUnusable(f"{path} is empty")
    return secret
