"""Text as a person would read it out: every figure, sign and abbreviation in words. Pure."""

import re
import unicodedata

from ioc.speech.dictionary import Dictionary, default_dictionary
from ioc.speech.reading.abbreviations import ADDRESS_RULE, abbreviation_rules
from ioc.speech.reading.dates import RULES as DATE_RULES
from ioc.speech.reading.quantities import RULES as QUANTITY_RULES
from ioc.speech.reading.rules import Rule

_SIGNS = {
    "&": " và ", "@": " a còng ", "+": " cộng ", "=": " bằng ", "≥": " từ ", "≤": " đến ",
    ">": " trên ", "<": " dưới ", "×": " nhân ", "%": " phần trăm ", "‰": " phần nghìn ",
    "$": " đô la ", "₫": " đồng ", "°": " độ ",
    "…": ". ", "→": ", ", "•": ". ", "·": ", ",
    "(": ", ", ")": ", ", "[": ", ", "]": ", ", "{": ", ", "}": ", ",
}  # fmt: skip
_LOOKALIKES = {"º": "°", "½": " 1/2 ", "¼": " 1/4 ", "¾": " 3/4 "}
_STOPS = ".,;:?!"


def normalise(text: str, dictionary: Dictionary | None = None) -> str:
    """The words that will be spoken: letters and the stops `.,;:?!`, never a figure.

    Never raises, whatever the text; a text without letters gives a text without letters.

    Args:
        text: As its author wrote it.
        dictionary: The commune's abbreviations; None: those of the product.
    """
    rules = _rules(dictionary or default_dictionary())
    text = _unify(text)
    read: list[str] = []
    position = 0
    while position < len(text):
        words, position = _read_at(text, position, rules)
        read.append(words)
    return _tidy("".join(read))


def _rules(dictionary: Dictionary) -> tuple[Rule, ...]:
    document, *abbreviations = abbreviation_rules(dictionary)
    # Document numbers begin with a figure and must be seen before dates and amounts.
    return (ADDRESS_RULE, document, *DATE_RULES, *QUANTITY_RULES, *abbreviations)


def _read_at(text: str, position: int, rules: tuple[Rule, ...]) -> tuple[str, int]:
    """What is said for the text that begins here, and where to go on."""
    for rule in rules:
        match = rule.pattern.match(text, position)
        if match and match.end() > position and (words := rule.read(match)) is not None:
            return f" {words} ", match.end()
    return text[position], position + 1


def _unify(text: str) -> str:
    """One form for what looks alike; letters that the voice cannot say become spaces."""
    text = unicodedata.normalize("NFC", text)
    return "".join(_unify_character(character) for character in text)


def _unify_character(character: str) -> str:
    if character.isascii():
        return character
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    if character in _LOOKALIKES:
        return _LOOKALIKES[character]
    unspoken = character.isalnum() and not is_speakable(character)
    return " " if unspoken or character.isspace() else character


def _tidy(text: str) -> str:
    """Signs to words, the rest of what cannot be spoken to nothing, stops in good order."""
    text = "".join(_SIGNS.get(character, character) for character in text)
    text = re.sub(r"\s*\n[\s\-–—*+]*", ". ", text)
    text = re.sub(r"\s+[-–—]+\s+|(?<=\w)/(?=\w)", ", ", text)
    text = "".join(c if _is_spoken(c) else " " for c in text)
    text = re.sub(rf"\s*([{_STOPS}])[\s{_STOPS}]*", r"\1 ", text)
    return re.sub(r"\s+", " ", text).strip(" ,;:")


def _is_spoken(character: str) -> bool:
    if character in _STOPS or character.isspace():
        return True
    # The voice knows Latin letters only; it would name every other one in English.
    return is_speakable(character) or unicodedata.category(character).startswith("M")


def is_speakable(character: str) -> bool:
    """Whether it is a letter that the Vietnamese voice can say."""
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN ")
