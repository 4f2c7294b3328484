"""Paths in the configuration, and the secrets that stay in files until they are needed."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from edge_agent.strict_yaml import ConfigurationError


def _resolve(path: Path, info: ValidationInfo) -> Path:
    folder: Path = (info.context or {}).get("folder", Path())
    return path.expanduser() if path.is_absolute() else folder / path.expanduser()


def _resolve_secret(path: Path, info: ValidationInfo) -> Path:
    resolved = _find_credential(path) or _resolve(path, info)
    if not resolved.is_file():
        raise ValueError(f"there is no file {resolved}")
    if not os.access(resolved, os.R_OK):
        raise ValueError(f"{resolved} may not be read by this user")
    if not resolved.read_bytes().strip():
        raise ValueError(f"{resolved} is empty; write the secret into its first line")
    return resolved


def _find_credential(path: Path) -> Path | None:
    """Return what systemd loaded for a relative path; a folder's files are named folder_file."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder or path.is_absolute():
        return None
    names = ("_".join(path.parts), path.name)
    found = (Path(folder) / name for name in names)
    return next((file for file in found if file.is_file()), None)


def read_secret(path: Path) -> str:
    """Return the first line of a secret's file.

    Raises:
        ConfigurationError: it cannot be read or is empty.
    """
    try:
        secret = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"the secret in {path} cannot be read: {error}"]) from error
    if not secret:
        raise ConfigurationError([f"the secret in {path} is empty"])
    return secret


FilePath = Annotated[Path, AfterValidator(_resolve)]
"""A path, made absolute from the configuration's folder."""
SecretFile = Annotated[Path, AfterValidator(_resolve_secret)]
"""A readable file with a secret; systemd's credentials stand before files beside it."""


def too_open(files: Iterable[Path]) -> list[str]:
    """Return a sentence for each secret that other users can read."""
    return [
        f"{file} can be read by other users (mode {file.stat().st_mode & 0o777:o}); use chmod 600"
        for file in files
        if file.stat().st_mode & 0o077
    ]
