"""Every word on the screens, by key and language, from one file; pure after loading."""

import html
import re
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from markupsafe import Markup

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")

_FILE = Path(__file__).with_name("words.yaml")
_STRESSED = re.compile(r"\*\*(.+?)\*\*")


@cache
def load_words() -> dict[str, dict[Language, str]]:
    """Return `group.key` to its text in each language; texts are NFC, as the file is."""
    groups = yaml.safe_load(_FILE.read_text("utf-8"))
    return {
        f"{group}.{key}": texts
        for group, entries in groups.items()
        for key, texts in entries.items()
    }


class Words:
    """The words of one language, with the commune's own word for a hamlet filled in."""

    def __init__(self, language: Language, *, hamlet_word: str) -> None:
        self.language: Language = language
        self._fixed = _hamlet_names(language, hamlet_word)

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of `key` with `values` filled in.

        Raises:
            KeyError: there is no such key, or a value is missing.
        """
        return load_words()[key][self.language].format(**self._fixed, **values)

    def knows(self, key: str) -> bool:
        """Tell whether `key` has a text."""
        return key in load_words()

    def stressed(self, key: str, **values: object) -> Markup:
        """Return the text as HTML, `values` escaped and **stressed** words in bold."""
        return stress(load_words()[key][self.language]).format(**self._fixed, **values)

    def isolated(self, key: str, **values: object) -> Markup:
        """Return the text as HTML; `values` from elsewhere neither mark up nor turn what is around."""
        return self.stressed(key, **{name: isolate(value) for name, value in values.items()})

    def group(self, name: str) -> dict[str, str]:
        """Return the unfilled texts of one group, for the browser to fill in."""
        prefix = f"{name}."
        return {
            key.removeprefix(prefix): texts[self.language]
            for key, texts in load_words().items()
            if key.startswith(prefix)
        }


def stress(text: str) -> Markup:
    """Return plain text as HTML with its **stressed** words in bold."""
    return Markup(_STRESSED.sub(r"<strong>\1</strong>", html.escape(text)))  # noqa: S704 - escaped


def isolate(value: object) -> Markup:
    """Return a name from elsewhere as HTML that its direction of writing does not leave."""
    if isinstance(value, Markup):
        return value
    return Markup("<bdi>{}</bdi>").format(value)


def plain(text: str) -> str:
    """Return text without the marks of stress."""
    return _STRESSED.sub(r"\1", text)


def _hamlet_names(language: Language, hamlet_word: str) -> dict[str, str]:
    word = hamlet_word if language == "vi" else "hamlet"
    return {"hamlet": word, "Hamlet": word[:1].upper() + word[1:]}
