"""Text as a person would read it out: every figure, sign and abbreviation in words. Pure."""

import re
import unicodedata
from dataclasses import dataclass

from ioc.speech.dictionary import Dictionary, default_dictionary
from ioc.speech.reading.abbreviations import ADDRESS_RULE, abbreviation_rules
from ioc.speech.reading.dates import RULES as DATE_RULES
from ioc.speech.reading.quantities import EMERGENCY_CALLS_RULE
from ioc.speech.reading.quantities import RULES as QUANTITY_RULES
from ioc.speech.reading.rules import Question, Rule

_SIGNS = {
    "&": " và ", "@": " a còng ", "+": " cộng ", "=": " bằng ", "≥": " từ ", "≤": " đến ",
    ">": " trên ", "<": " dưới ", "×": " nhân ", "%": " phần trăm ", "‰": " phần nghìn ",
    "$": " đô la ", "₫": " đồng ", "°": " độ ",
    "…": ". ", "→": ", ", "•": ". ", "·": ", ",
    "(": ", ", ")": ", ", "[": ", ", "]": ", ", "{": ", ", "}": ", ",
}  # fmt: skip
_LOOKALIKES = {"º": "°", "½": " 1/2 ", "¼": " 1/4 ", "¾": " 3/4 "}
_STOPS = ".,;:?!"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a text is read, and what its author should be asked."""

    spoken_text: str
    questions: tuple[Question, ...]
    """Each written form once, in the order of the text."""


def normalise(text: str, dictionary: Dictionary | None = None) -> str:
    """The words that will be spoken: letters and the stops `.,;:?!`, never a figure.

    Never raises, whatever the text; a text without letters gives a text without letters.

    Args:
        text: As its author wrote it.
        dictionary: The commune's abbreviations; None: those of the product.
    """
    return read_text(text, dictionary).spoken_text


def read_text(text: str, dictionary: Dictionary | None = None) -> Reading:
    """The words that will be spoken, and what is uncertain about them; as `normalise`."""
    rules = _rules(dictionary or default_dictionary())
    text = _unify(text)
    read: list[str] = []
    questions: dict[str, Question] = {}
    position = 0
    while position < len(text):
        words, position, asked = _read_at(text, position, rules)
        read.append(words)
        for question in asked:
            questions.setdefault(question.written, question)
    return Reading(spoken_text=_tidy("".join(read)), questions=tuple(questions.values()))


def _rules(dictionary: Dictionary) -> tuple[Rule, ...]:
    document, *abbreviations = abbreviation_rules(dictionary)
    # Document numbers begin with a figure and must be seen before dates and amounts.
    return (
        ADDRESS_RULE,
        document,
        EMERGENCY_CALLS_RULE,
        *DATE_RULES,
        *QUANTITY_RULES,
        *abbreviations,
    )


def _read_at(
    text: str, position: int, rules: tuple[Rule, ...]
) -> tuple[str, int, tuple[Question, ...]]:
    """What is said for the text that begins here, where to go on, and what to ask."""
    for rule in rules:
        match = rule.pattern.match(text, position)
        if match and match.end() > position and (words := rule.read(match)) is not None:
            return f" {words} ", match.end(), tuple(rule.ask(match)) if rule.ask else ()
    return text[position], position + 1, ()


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
    text = re.sub(rf"\s*[{_STOPS}][\s{_STOPS}]*", _strongest, text)
    return re.sub(r"\s+", " ", text).strip(" ,;:")


def _strongest(stops: re.Match[str]) -> str:
    """Of several stops side by side the one that ends a sentence counts, else the first."""
    return f"{next((stop for stop in stops[0] if stop in '.?!'), stops[0].strip()[0])} "


def _is_spoken(character: str) -> bool:
    if character in _STOPS or character.isspace():
        return True
    # The voice knows Latin letters only; it would name every other one in English.
    return is_speakable(character) or unicodedata.category(character).startswith("M")


def is_speakable(character: str) -> bool:
    """Whether it is a letter that the Vietnamese voice can say."""
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN ")
