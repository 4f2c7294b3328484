"""The sentences of notifications, the product's or the commune's own, filled in; pure once loaded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

LANGUAGES = ("vi", "en")
_FILE = Path(__file__).with_name("templates.yaml")
_GAP = re.compile(r"\{([^{}]*)\}")
_KNOWN_GAPS = frozenset({"what", "priority", "shape", "at", "state", "commune", "count", "lines"})
_LONGEST = 1_000


class TemplatesUnusable(Exception):
    """The commune's own sentences cannot be used; whoever wrote them must mend the key it names."""


@dataclass(frozen=True, kw_only=True)
class Templates:
    """`raise.title.vi` and so on to its sentence."""

    texts: Mapping[str, str]

    def fill(self, key: str, *, language: str, values: Mapping[str, object]) -> tuple[str, str]:
        """Return title and body; a reason that no sentence was written for is told like `raise`."""
        if f"{key}.title.vi" not in self.texts:
            key = "raise"
        language = language if language in LANGUAGES else "vi"
        title, body = (
            _GAP.sub(
                lambda gap: str(values.get(gap[1], "")), self.texts[f"{key}.{part}.{language}"]
            )
            for part in ("title", "body")
        )
        return title, body


def load_templates(own: Path | None = None) -> Templates:
    """Return the product's sentences, those in the file `own` instead where it has any.

    Raises:
        TemplatesUnusable: the file cannot be read, or has a key or a name that nothing fills in.
    """
    texts = _flatten(yaml.safe_load(_FILE.read_text("utf-8")))
    if own is None:
        return Templates(texts=texts)
    try:
        loaded = yaml.safe_load(own.read_text("utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TemplatesUnusable(f"{own}: cannot be read: {error}") from error
    theirs = _flatten(loaded)
    for key, text in theirs.items():
        _check(own, key, text, known=texts)
    return Templates(texts={**texts, **theirs})


def _check(own: Path, key: str, text: str, *, known: Mapping[str, str]) -> None:
    if key not in known:
        raise TemplatesUnusable(f"{own}: {key}: no notification has such a sentence")
    unknown = sorted(set(_GAP.findall(text)) - _KNOWN_GAPS)
    if unknown:
        raise TemplatesUnusable(
            f"{own}: {key}: nothing fills in {{{unknown[0]}}};"
            f" there are {', '.join(sorted(_KNOWN_GAPS))}"
        )
    if not text.strip() or len(text) > _LONGEST:
        raise TemplatesUnusable(f"{own}: {key}: needs 1 to {_LONGEST} characters")


def _flatten(loaded: object, prefix: str = "") -> dict[str, str]:
    if isinstance(loaded, Mapping):
        found: dict[str, str] = {}
        for key, value in loaded.items():
            found |= _flatten(value, f"{prefix}.{key}" if prefix else str(key))
        return found
    return {prefix: str(loaded)}
