"""Reads ISAPI's XML: the first text of every element, whatever its namespace; pure."""

from collections.abc import Mapping
from xml.etree import ElementTree

from drivers.loudspeaker import SinkUnusable

_DEEPEST = 30
_LONGEST_TEXT = 200


def read_texts(document: bytes) -> Mapping[str, str]:
    """The first text by local element name, in document order; empty elements give nothing.

    Raises:
        SinkUnusable: It is not XML, declares a document type (entity bombs need one), or is deep.
    """
    texts = _Texts()
    parser = ElementTree.XMLParser(target=texts)  # noqa: S314  no document type, no entities
    try:
        parser.feed(document)
        parser.close()
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise SinkUnusable(f"what answers is not ISAPI: {error}") from error
    return texts.found


def number(texts: Mapping[str, str], name: str) -> float | None:
    """The number of an element; None where there is none."""
    try:
        value = float(texts[name])
    except (KeyError, ValueError):
        return None
    return value if abs(value) < 1e6 else None


class _Texts:
    """What the parser hands its elements to; keeps one bounded text per name."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._text = ""
        self.found: dict[str, str] = {}

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        if len(self._names) >= _DEEPEST:
            raise ValueError("elements within elements without end")
        self._names.append(tag.rpartition("}")[2])
        self._text = ""

    def data(self, text: str) -> None:
        if len(self._text) < _LONGEST_TEXT:
            self._text += text

    def end(self, _tag: str) -> None:
        name, text = self._names.pop(), self._text.strip()
        if text:
            self.found.setdefault(name, text[:_LONGEST_TEXT])
        self._text = ""

    def doctype(self, _name: str, _public_id: str | None, _system: str | None) -> None:
        raise ValueError("a document type where none belongs")

    def close(self) -> None:
        """Nothing remains to be done at the end of the document."""
