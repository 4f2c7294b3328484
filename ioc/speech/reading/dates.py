"""How clock times and dates are read; pure."""

import re
from collections.abc import Iterator

from ioc.speech.reading.numerals import read_decimals, read_month, read_whole
from ioc.speech.reading.rules import Question, Rule, before, counts_something

# Public holidays are written as bare figures: "nghỉ lễ 30/4-1/5".
_HOLIDAYS = {
    (1, 1), (3, 2), (8, 3), (26, 3), (30, 4), (1, 5), (19, 5), (1, 6), (27, 7), (19, 8), (2, 9),
    (20, 10), (9, 11), (20, 11), (22, 12),
}  # fmt: skip
# "ngày 30, 31/10": said once for all of them.
_DAY_SAID = re.compile(r"(?:ngày|mùng|mồng|hôm)\s*(?:(?:\d{1,2}\s*(?:,|và|hoặc)\s*){1,6})?$")
_DAY_EXPECTED = re.compile(
    r"(?:sáng|trưa|chiều|tối|đêm|từ|đến|tới|trước|sau|hết|hai|ba|tư|năm|sáu|bảy|nhật|thứ \d|\()"
    r"\s*[,(]?\s*$"
)
_WEEKDAYS = {"2": "hai", "3": "ba", "4": "tư", "5": "năm", "6": "sáu", "7": "bảy"}
_HALVES = {"am": "sáng", "pm": "chiều"}
_RANGE_BEFORE = re.compile(r"\d\s*[-–—]\s*$")


def _read_clock(match: re.Match[str]) -> str:
    words = f"{_read_plain(match['hour'])} giờ"
    if (minute := match["minute"]) and int(minute):
        words += f" {_read_plain(minute)} phút"
    if (second := match.groupdict().get("second")) and int(second):
        words += f" {_read_plain(second)} giây"
    half = (match.groupdict().get("half") or "").lower()
    return f"{words} {_HALVES[half]}" if half else words


def _read_full_date(match: re.Match[str]) -> str | None:
    day, month = int(match["day"]), int(match["month"])
    if not _is_date(day, month):
        return None
    year = match["year"] if len(match["year"]) == 4 else f"20{match['year']}"
    return f"{_day_prefix(match)}{_read_day(day, month)} năm {read_whole(year)}"


def _read_month_of_year(match: re.Match[str]) -> str:
    said_before, year = before(match).rstrip(), read_whole(match["year"])
    if said_before.endswith("quý"):
        return f"{read_whole(match['month'])} năm {year}"
    prefix = "" if said_before.endswith("tháng") else "tháng "
    return f"{prefix}{read_month(int(match['month']))} năm {year}"


def _read_days(match: re.Match[str]) -> str | None:
    """Read "từ 5-10/6": both ends of the span are days."""
    day, month = int(match["day"]), int(match["month"])
    said_before = before(match)
    said, expected = _DAY_SAID.search(said_before), _DAY_EXPECTED.search(said_before)
    if not (said or expected) or not _is_date(day, month) or int(match["first"]) >= day:
        return None
    year = f" năm {read_whole(match['year'])}" if match["year"] else ""
    first = read_whole(str(int(match["first"])))
    return f"{'' if said else 'ngày '}{first} đến ngày {_read_day(day, month)}{year}"


def _read_dashed_day(match: re.Match[str]) -> str | None:
    """Read "ngày 20-11": where it cannot be a span of days, it is a date."""
    day, month = int(match["day"]), int(match["month"])
    said_before = before(match)
    if not _DAY_SAID.search(said_before) or not _is_date(day, month):
        return None
    if month > day or re.search(r"(?:các|từ|trong|mấy)\s+ngày\s*$", said_before):
        return None
    return _read_day(day, month)


def _ask_day(match: re.Match[str]) -> Iterator[Question]:
    """Ask about a day that no calendar has."""
    day, month = int(match["day"]), int(match["month"])
    if _DAY_SAID.search(before(match)) and not _is_date(day, month):
        yield Question(
            written=match[0],
            read_as=_read_day_or_share(match),
            why="no_such_day",
        )


def _read_day_or_share(match: re.Match[str]) -> str:
    """Read "3/9" as a day where the words around it say so, else as a share."""
    day, month = int(match["day"]), int(match["month"])
    said_before = before(match)
    if _is_date(day, month):
        if _DAY_SAID.search(said_before):
            return _read_day(day, month)
        expected = _DAY_EXPECTED.search(said_before) or _RANGE_BEFORE.search(said_before)
        if not counts_something(match):
            if expected:
                return f"ngày {_read_day(day, month)}"
            if (day, month) in _HOLIDAYS:
                return _read_day(day, month)
    return _read_share(match, day, month)


def _read_share(match: re.Match[str], part: int, whole: int) -> str:
    numerator, denominator = read_whole(str(part)), read_whole(str(whole))
    if part < whole <= 10 and (not counts_something(match) or _share_of(match)):
        return f"{numerator} phần {'tư' if whole == 4 else denominator}"
    return f"{numerator} trên {denominator}"


def _share_of(match: re.Match[str]) -> bool:
    return match.string[match.end() :].lstrip().lower().startswith("số ")


def _is_date(day: int, month: int) -> bool:
    longest = 29 if month == 2 else 30 if month in {4, 6, 9, 11} else 31
    return 1 <= month <= 12 and 1 <= day <= longest


def _day_prefix(match: re.Match[str]) -> str:
    return "" if _DAY_SAID.search(before(match)) else "ngày "


def _read_day(day: int, month: int) -> str:
    return f"{read_whole(str(day))} tháng {read_month(month)}"


def _read_plain(figures: str) -> str:
    return read_decimals(str(int(figures)))


RULES = (
    # "24/24h": round the clock.
    Rule(
        pattern=re.compile(r"(?<![\d/.,])24/24\s?(?P<hours>h|giờ)?(?!\w)"),
        read=lambda match: "hai mươi tư trên hai mươi tư" + (" giờ" if match["hours"] else ""),
    ),
    Rule(
        pattern=re.compile(
            r"(?<![\d:.,/])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?"
            r"(?:\s?[hH](?!\w))?(?:\s?(?P<half>[AaPp][Mm])(?!\w))?(?![\d:])"
        ),
        read=_read_clock,
    ),
    Rule(
        pattern=re.compile(
            r"(?<![\d:.,/])(?P<hour>[01]?\d|2[0-4])\s?(?:[hH]|g(?=\d))"
            r"(?:\s?(?P<minute>[0-5]\d)(?:\s?(?:phút|p|'|′))?)?(?!\w)"
        ),
        read=_read_clock,
    ),
    Rule(
        pattern=re.compile(
            r"(?<![\d/.,-])(?P<first>\d{1,2})\s?[-–—]\s?(?P<day>\d{1,2})/(?P<month>\d{1,2})"
            r"(?:/(?P<year>[12]\d{3}))?(?![\d/]|[.,]\d)"
        ),
        read=_read_days,
    ),
    Rule(
        pattern=re.compile(
            r"(?<![\d/.-])(?P<day>\d{1,2})(?P<mark>[/.-])(?P<month>\d{1,2})(?P=mark)"
            r"(?P<year>[12]\d{3}|(?<=/)\d\d)(?![\d/])"
        ),
        read=_read_full_date,
    ),
    Rule(
        pattern=re.compile(
            r"(?<![\d/.,])(?P<month>0?[1-9]|1[0-2])[/-](?P<year>[12]\d{3})(?![\d/])"
        ),
        read=_read_month_of_year,
    ),
    Rule(
        pattern=re.compile(r"(?<![\d/.,])(?P<day>\d{1,3})/(?P<month>\d{1,3})(?![\d/]|[.,]\d)"),
        read=_read_day_or_share,
        ask=_ask_day,
    ),
    Rule(
        pattern=re.compile(r"(?<![\d/.,-])(?P<day>\d{1,2})-(?P<month>\d{1,2})(?![\d/-]|[.,]\d)"),
        read=_read_dashed_day,
    ),
    # "T7", "T7/2026": a weekday by itself, a month before a year.
    Rule(
        pattern=re.compile(r"(?<!\w)T(?P<month>1[0-2]|0?[1-9])/(?P<year>[12]\d{3})(?!\d)"),
        read=lambda match: (
            f"tháng {read_month(int(match['month']))} năm {read_whole(match['year'])}"
        ),
    ),
    Rule(
        pattern=re.compile(r"(?<!\w)T(?P<weekday>[2-7])(?![\w/])"),
        read=lambda match: f"thứ {_WEEKDAYS[match['weekday']]}",
    ),
)
