"""Phrases in pieces: languages, templates with slots, and which recordings a sentence needs; pure.

Hours, minutes and days are recorded whole ("seven o'clock"), because numbers bend differently in
every language; only whoever speaks it knows how.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from ioc.broadcasts import refusals
from ioc.speech.reading.numerals import read_month, read_whole

LANGUAGES: dict[str, str] = {
    "tay": "Tày",
    "nung": "Nùng",
    "mong": "Mông",
    "dao": "Dao",
    "san_chay": "Sán Chay",
    "san_diu": "Sán Dìu",
    "muong": "Mường",
    "thai": "Thái",
    "khmer": "Khmer",
    "e_de": "Ê Đê",
    "gia_rai": "Gia Rai",
    "cham": "Chăm",
}

HOURS = range(25)
MINUTES = range(5, 60, 5)
NUMBERS = range(25)
DAYS: dict[str, str] = {
    "today": "hôm nay",
    "tonight": "tối nay",
    "tomorrow": "ngày mai",
    "monday": "thứ hai",
    "tuesday": "thứ ba",
    "wednesday": "thứ tư",
    "thursday": "thứ năm",
    "friday": "thứ sáu",
    "saturday": "thứ bảy",
    "sunday": "chủ nhật",
}

TIME, DAY, PLACE, NUMBER = "giờ", "ngày", "nơi", "số"
SLOTS = (TIME, DAY, PLACE, NUMBER)
LONGEST_PATTERN = 300
_SLOT = re.compile(r"\{([^{}]*)\}")
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """Something to record: `key` names it, `meaning` is what it says, in Vietnamese."""

    key: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Template:
    """A sentence with slots: "Họp lúc {giờ} tại {nơi}"."""

    template_id: str
    pattern: str

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots in it, in order."""
        return tuple(_SLOT.findall(self.pattern))

    @property
    def literals(self) -> tuple[Phrase, ...]:
        """The pieces between the slots, to be recorded once."""
        return tuple(piece for piece in self._pieces() if isinstance(piece, Phrase))

    def needed(self, slots: Mapping[str, str], places: Mapping[str, str]) -> tuple[Phrase, ...]:
        """Return everything that is said, in order.

        Args:
            slots: What fills each: `19:30`; `tomorrow`, `sunday` or `2026-11-25`; the id of a
                place; `0` to `24`.
            places: Name of each place by its id.

        Raises:
            Refusal: a slot is empty or filled with something that cannot be said.
        """
        said: list[Phrase] = []
        for piece in self._pieces():
            if isinstance(piece, Phrase):
                said.append(piece)
            else:
                said.extend(fill_slot(piece, slots.get(piece, "").strip(), places))
        return tuple(said)

    def _pieces(self) -> Iterator[Phrase | str]:
        """Give literals as phrases and slots by name."""
        number = 0
        for index, part in enumerate(_SLOT.split(self.pattern)):
            if index % 2:
                yield part
            elif re.search(r"[^\W\d_]", part):
                meaning = part.strip(" ,.;:!?")
                yield Phrase(key=f"text:{self.template_id}:{number}", meaning=meaning)
                number += 1


def check_pattern(pattern: str) -> str:
    """Return a pattern in one line of plain spaces.

    Raises:
        Refusal: it has no words, an unknown slot, or a slot twice.
    """
    pattern = " ".join(pattern.split())
    slots = _SLOT.findall(pattern)
    words = _SLOT.sub("", pattern)
    wrong = set(slots) - set(SLOTS) or len(slots) != len(set(slots)) or set("{}") & set(words)
    if wrong or len(pattern) > LONGEST_PATTERN or not re.search(r"[^\W\d_]", words):
        raise refusals.bad_pattern()
    return pattern


def fill_slot(name: str, value: str, places: Mapping[str, str]) -> tuple[Phrase, ...]:
    """Return what is said for one slot.

    Raises:
        Refusal: the value cannot be said.
    """
    match name:
        case "giờ":
            found = _time(value)
        case "ngày":
            found = _day(value)
        case "nơi":
            found = (
                (Phrase(key=f"place:{value}", meaning=places[value]),) if value in places else ()
            )
        case _:
            found = (_number(int(value)),) if value.isdecimal() and int(value) in NUMBERS else ()
    if not found:
        raise refusals.bad_slot(name)
    return found


def wanted_by(slots: frozenset[str], places: Mapping[str, str]) -> tuple[Phrase, ...]:
    """Return everything that fills these slots, to be recorded before they can be used."""
    found: list[Phrase] = []
    if TIME in slots:
        found += [_hour(hour) for hour in HOURS]
        found += [_minute(minute) for minute in MINUTES]
    if DAY in slots:
        found += [Phrase(key=f"day:{key}", meaning=said) for key, said in DAYS.items()]
        found += [_day_of_month(day) for day in range(1, 32)]
        found += [_month(month) for month in range(1, 13)]
    if NUMBER in slots:
        found += [_number(number) for number in NUMBERS]
    if PLACE in slots:
        found += [Phrase(key=f"place:{key}", meaning=name) for key, name in places.items()]
    return tuple(found)


def _time(value: str) -> tuple[Phrase, ...]:
    clock = _CLOCK.fullmatch(value)
    if clock is None:
        return ()
    hour, minute = int(clock[1]), int(clock[2])
    return (_hour(hour), _minute(minute)) if minute else (_hour(hour),)


def _day(value: str) -> tuple[Phrase, ...]:
    if value in DAYS:
        return (Phrase(key=f"day:{value}", meaning=DAYS[value]),)
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return ()
    return (_day_of_month(day.day), _month(day.month))


def _hour(hour: int) -> Phrase:
    return Phrase(key=f"hour:{hour}", meaning=f"{read_whole(str(hour))} giờ")


def _minute(minute: int) -> Phrase:
    return Phrase(key=f"minute:{minute}", meaning=f"{read_whole(str(minute))} phút")


def _number(number: int) -> Phrase:
    return Phrase(key=f"number:{number}", meaning=read_whole(str(number)))


def _day_of_month(day: int) -> Phrase:
    return Phrase(key=f"day_of_month:{day}", meaning=f"ngày {read_whole(str(day))}")


def _month(month: int) -> Phrase:
    return Phrase(key=f"month:{month}", meaning=f"tháng {read_month(month)}")
