"""The commune's dictionary of abbreviations; read from YAML, checked, never written."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated
from unicodedata import normalize

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator


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
    ambiguous: dict[str, Annotated[tuple[str, ...], Field(min_length=2)]] = {}
    """Several meanings, the likeliest first: it is said, and the author is asked."""

    @field_validator("words", "before_names", "document_codes")
    @classmethod
    def _without_figures(cls, entries: dict[str, str]) -> dict[str, str]:
        return {_nfc(key): _in_words(key, said) for key, said in entries.items()}

    @field_validator("ambiguous")
    @classmethod
    def _all_without_figures(
        cls, entries: dict[str, tuple[str, ...]]
    ) -> dict[str, tuple[str, ...]]:
        return {
            _nfc(key): tuple(_in_words(key, said) for said in choices)
            for key, choices in entries.items()
        }

    def extended(self, own: "Dictionary") -> "Dictionary":
        """Return it with a commune's own entries, which settle what is ambiguous here."""
        left = {key: said for key, said in self.ambiguous.items() if key not in own.words}
        return Dictionary(
            words={key: said for key, said in self.words.items() if key not in own.ambiguous}
            | own.words,
            before_names=self.before_names | own.before_names,
            document_codes=self.document_codes | own.document_codes,
            ambiguous=left | own.ambiguous,
        )

    def answered(self, readings: Mapping[str, str]) -> "Dictionary":
        """Return it with an author's own readings, which come before everything else."""
        words = self.words | {_nfc(key): said for key, said in readings.items()}
        left = {key: said for key, said in self.ambiguous.items() if key not in readings}
        return self.model_copy(update={"words": words, "ambiguous": left})


def _nfc(text: str) -> str:
    return normalize("NFC", text)


def _in_words(written: str, spoken: str) -> str:
    if not written.strip() or not spoken.strip():
        raise ValueError(f"empty entry: {written!r}: {spoken!r}")
    if any(character.isnumeric() for character in spoken):
        raise ValueError(f"write figures as words: {written}: {spoken}")
    return _nfc(spoken)


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
