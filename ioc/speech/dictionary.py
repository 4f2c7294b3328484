"""The commune's dictionary of abbreviations; read from YAML, checked, never written."""

from functools import cache
from importlib import resources
from pathlib import Path
from unicodedata import normalize

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator


class DictionaryUnusable(Exception):
    """The dictionary file is wrong: whoever edited it must correct it; the text says where."""


class Dictionary(BaseModel):
    """Abbreviation → words to say; keys are matched exactly, case included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: dict[str, str] = {}
    """Anywhere in a text."""
    before_names: dict[str, str] = {}
    """Only before a word with a capital initial."""
    document_codes: dict[str, str] = {}
    """Only in the number of an official document."""

    @field_validator("*")
    @classmethod
    def _without_figures(cls, entries: dict[str, str]) -> dict[str, str]:
        for written, spoken in entries.items():
            if not written.strip() or not spoken.strip():
                raise ValueError(f"empty entry: {written!r}: {spoken!r}")
            if any(character.isnumeric() for character in spoken):
                raise ValueError(f"write figures as words: {written}: {spoken}")
        return {normalize("NFC", key): normalize("NFC", said) for key, said in entries.items()}


def load_dictionary(path: Path) -> Dictionary:
    """Read a dictionary file.

    Raises:
        DictionaryUnusable: It cannot be read, or its content is not a dictionary.
    """
    try:
        return _parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise DictionaryUnusable(f"{path.name}: {error}") from error


@cache
def default_dictionary() -> Dictionary:
    """The dictionary that comes with the product."""
    source = resources.files("ioc.speech").joinpath("dictionary.yaml")
    return _parse(source.read_text(encoding="utf-8"))


def _parse(text: str) -> Dictionary:
    return Dictionary.model_validate(yaml.safe_load(text) or {})
