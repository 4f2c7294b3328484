"""How abbreviations, document numbers, capitals and addresses are read; pure."""

import re
import unicodedata
from collections.abc import Iterator

from ioc.speech.dictionary import Dictionary
from ioc.speech.reading.numerals import read_digits, read_whole
from ioc.speech.reading.rules import Question, Rule, before

_LETTERS = {
    "A": "a", "Ă": "á", "Â": "ớ", "B": "bê", "C": "xê", "D": "dê", "Đ": "đê", "E": "e", "Ê": "ê",
    "F": "ép", "G": "giê", "H": "hát", "I": "i", "J": "gi", "K": "ca", "L": "e lờ", "M": "em mờ",
    "N": "en nờ", "O": "o", "Ô": "ô", "Ơ": "ơ", "P": "pê", "Q": "quy", "R": "e rờ", "S": "ét sì",
    "T": "tê", "U": "u", "Ư": "ư", "V": "vê", "W": "vê kép", "X": "ích xì", "Y": "i dài",
    "Z": "dét",
}  # fmt: skip
_SYLLABLE = re.compile(
    r"(?:b|ch?|d|đ|gh?|gi|h|kh?|l|m|n|ngh?|nh|ph?|qu|r|s|th?|tr|v|x)?"
    r"(?:[aeiouy]{1,3})(?:ch?|m|n|ng|nh|p|t)?",
    re.IGNORECASE,
)
_VOWEL = re.compile(r"[aeiouy]", re.IGNORECASE)
# Unicode interleaves capitals and small letters from U+1EA0 on, so a range will not do.
_CAPITALS = "A-ZÀ-ÖØ-ÝĂĐĨŨƠƯ" + "".join(chr(code) for code in range(0x1EA0, 0x1EFA, 2))
# Not inside a word; figures may touch it ("QL3", "F0").
_BEGIN, _END = r"(?<![^\W\d_])", r"(?![^\W\d_])"
_LONGEST_SPELLED = 5
_ROMAN = {"I": 1, "V": 5, "X": 10}
_NUMBERED = re.compile(
    r"(?:khóa|khoá|quý|lần|thứ|thế kỷ|chương|đại hội|kỳ|cấp|loại|nhóm|phần|mục|khu vực|hạng|vùng|"
    r"bậc|tuyến|kỳ họp)\s*$"
)
_ADDRESS_MARKS = {".": " chấm ", "/": " xuyệt ", "@": " a còng ", "-": " gạch "}


def _read_capitals(match: re.Match[str]) -> str:
    """Spell what cannot be said; words in capitals are words."""
    return _say_or_spell(match[0])


def _say_or_spell(word: str) -> str:
    spelled = [_LETTERS.get(letter) for letter in word.upper()]
    long = len(word) > _LONGEST_SPELLED and _VOWEL.search(_plain(word))
    if _is_syllable(word) or long or None in spelled:
        return word.lower()
    return " ".join(filter(None, spelled))


def _is_syllable(word: str) -> bool:
    return _SYLLABLE.fullmatch(_plain(word)) is not None


def _plain(word: str) -> str:
    """Return the letters without their marks."""
    apart = unicodedata.normalize("NFD", word).replace("Đ", "D").replace("đ", "d")
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _ask_unknown(match: re.Match[str]) -> Iterator[Question]:
    """Ask about what is neither a word nor in the dictionary."""
    if not _is_syllable(match[0]):
        yield Question(written=match[0], read_as=_say_or_spell(match[0]), why="unknown")


def _read_roman(match: re.Match[str]) -> str | None:
    figures = match[0]
    numbered = _NUMBERED.search(before(match))
    number = _roman_value(figures)
    if number is None or (len(figures) == 1 and not numbered):
        return None
    return read_whole(str(number))


def _roman_value(figures: str) -> int | None:
    """The value of a well-formed roman number below 40."""
    if not re.fullmatch(r"X{0,3}(?:IX|IV|V?I{0,3})", figures):
        return None
    values = [_ROMAN[figure] for figure in figures]
    return sum(
        -value if any(later > value for later in values[place + 1 :]) else value
        for place, value in enumerate(values)
    )


def _read_address(match: re.Match[str]) -> str:
    address = re.sub(r"^https?://", "", match[0]).rstrip("/.,;")
    marked = "".join(_ADDRESS_MARKS.get(character, character) for character in address)
    return re.sub(r"\d+", lambda figures: f" {read_digits(figures[0])} ", marked)


_FIXED_RULES = (
    Rule(
        pattern=re.compile(rf"{_BEGIN}[IVX]{{1,7}}{_END}"),
        read=_read_roman,
    ),
    Rule(
        pattern=re.compile(rf"{_BEGIN}[{_CAPITALS}]{{2,}}{_END}"),
        read=_read_capitals,
        ask=_ask_unknown,
    ),
    # "eKYC", "VssID": capitals inside a word are an abbreviation too.
    Rule(
        pattern=re.compile(
            rf"{_BEGIN}(?=[^\W\d_]*[{_CAPITALS}][^\W\d_]*[{_CAPITALS}])(?=[^\W\d_]*[a-zđ])"
            rf"[^\W\d_]{{3,}}{_END}"
        ),
        read=_read_capitals,
        ask=_ask_unknown,
    ),
    # "sx", "đkkh": nobody can say what has no vowel.
    Rule(
        pattern=re.compile(rf"{_BEGIN}[bcdđghklmnpqrstvx]{{2,5}}{_END}"),
        read=_read_capitals,
        ask=_ask_unknown,
    ),
    # "quý III/2026": the year of what was numbered.
    Rule(
        pattern=re.compile(r"(?<=[IVX])/(?P<year>[12]\d{3})(?!\d)"),
        read=lambda match: f"năm {read_whole(match['year'])}",
    ),
)

ADDRESS_RULE = Rule(
    pattern=re.compile(
        r"https?://\S+|www\.\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
        r"|(?<![\w.])[a-zA-Z][\w-]*(?:\.[\w-]+)*\.(?:vn|com|org|net)\b(?:/\S*)?"
    ),
    read=_read_address,
)


def abbreviation_rules(dictionary: Dictionary) -> tuple[Rule, ...]:
    """Rules for the words of a dictionary, most specific first."""
    likeliest = {written: choices[0] for written, choices in dictionary.ambiguous.items()}
    words = likeliest | dictionary.words
    codes = words | dictionary.document_codes
    return (
        _document_rule(codes),
        # "BCH Công đoàn" says which of its meanings BCH has.
        _words_rule({key: said for key, said in words.items() if " " in key}),
        _names_rule(dictionary.before_names),
        _words_rule(words, dictionary.ambiguous),
        _joined_rule(codes),
        *_FIXED_RULES,
    )


def _document_rule(codes: dict[str, str]) -> Rule:
    """Read "39/2020/TT-BTTTT": number, year, kind and issuer."""

    def read(match: re.Match[str]) -> str:
        year = f" năm {read_whole(match['year'])}" if match["year"] else ""
        return f"{read_whole(match['number'])}{year} {_read_codes(match['codes'], codes)}"

    code = rf"[{_CAPITALS}]{{2,}}[a-z]?"
    return Rule(
        pattern=re.compile(
            rf"(?<![\d/])(?P<number>\d{{1,5}})(?:/(?P<year>[12]\d{{3}}))?"
            rf"[/-](?P<codes>{code}(?:-{code})*)(?!\w)"
        ),
        read=read,
        ask=lambda match: _ask_codes(match["codes"], codes),
    )


def _joined_rule(codes: dict[str, str]) -> Rule:
    part = rf"[{_CAPITALS}]{{2,}}[a-z]?"
    return Rule(
        pattern=re.compile(rf"{_BEGIN}{part}(?:-{part})+{_END}"),
        read=lambda match: _read_codes(match[0], codes),
        ask=lambda match: _ask_codes(match[0], codes),
    )


def _read_codes(joined: str, codes: dict[str, str]) -> str:
    return " ".join(codes.get(code) or _say_or_spell(code) for code in joined.split("-"))


def _ask_codes(joined: str, codes: dict[str, str]) -> Iterator[Question]:
    for code in joined.split("-"):
        if code not in codes and not _is_syllable(code):
            yield Question(written=code, read_as=_say_or_spell(code), why="unknown")


def _words_rule(words: dict[str, str], ambiguous: dict[str, tuple[str, ...]] | None = None) -> Rule:
    asked = ambiguous or {}

    def ask(match: re.Match[str]) -> Iterator[Question]:
        if choices := asked.get(match[0]):
            yield Question(written=match[0], read_as=choices[0], why="ambiguous", choices=choices)

    return Rule(
        pattern=re.compile(rf"{_BEGIN}(?:{_alternatives(words)}){_END}(?!-[{_CAPITALS}]{{2}})"),
        read=lambda match: words[match[0]],
        ask=ask,
    )


def _names_rule(names: dict[str, str]) -> Rule:
    """Read "TT Đình Cả", "TP.Thái Nguyên"; a single letter needs its full stop ("P. Túc Duyên")."""
    long = {name: said for name, said in names.items() if len(name) > 1}
    return Rule(
        pattern=re.compile(
            rf"(?<!\w)(?:(?P<long>{_alternatives(long)})\.?|(?P<short>{_alternatives(names)})\.)"
            rf"\s*(?=[{_CAPITALS}][^{_CAPITALS}\W])"
        ),
        read=lambda match: names[match["long"] or match["short"]],
    )


def _alternatives(words: dict[str, str]) -> str:
    # A pattern that never matches stands for an empty dictionary.
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) or r"(?!)"
