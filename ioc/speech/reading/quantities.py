"""How numbers, units, ranges and telephone numbers are read; pure."""

import re

from ioc.speech.reading.numerals import read_decimals, read_digits, read_month, read_whole
from ioc.speech.reading.rules import Rule, before, counts_something

_UNITS = {
    "%": "phần trăm", "‰": "phần nghìn", "°C": "độ xê", "ºC": "độ xê", "oC": "độ xê",
    "độ C": "độ xê", "°": "độ",
    "km2": "ki lô mét vuông", "m2": "mét vuông", "cm2": "xăng ti mét vuông",
    "m3": "mét khối", "cm3": "xăng ti mét khối", "km": "ki lô mét", "Km": "ki lô mét",
    "mm": "mi li mét", "cm": "xăng ti mét", "dm": "đề xi mét", "m": "mét",
    "ha": "héc ta", "Ha": "héc ta", "kg": "ki lô gam", "Kg": "ki lô gam", "g": "gam",
    "mg": "mi li gam", "ml": "mi li lít", "l": "lít", "lít": "lít",
    "kWh": "ki lô oát giờ", "kW": "ki lô oát", "kV": "ki lô vôn", "W": "oát", "V": "vôn",
    "đ": "đồng", "₫": "đồng", "đồng": "đồng", "VND": "đồng", "VNĐ": "đồng", "USD": "đô la Mỹ",
    "tr": "triệu", "k": "nghìn", "K": "nghìn", "s": "giây", "p": "phút", "'": "phút", "′": "phút",
    "h": "giờ", "giờ": "giờ", "giây": "giây", "phút": "phút", "ngày": "ngày", "năm": "năm",
    "người": "người", "hộ": "hộ",
}  # fmt: skip
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_UNIT_AFTER = rf"(?:\s?(?P<unit>{_UNIT})(?:/(?P<per>{_UNIT}))?(?!\w|/c\b))?"
_RANGE_ENDS = ("", "m", "mm", "cm", "km", "ha", "kg", "đ", "k", "h", "H", "%", "'", "tr")
_AFTER_A_FIGURE = "|".join(rf"(?<=\d{end})" for end in _RANGE_ENDS)
_WEEKDAYS = {"1": "nhất", "2": "hai", "3": "ba", "4": "tư", "5": "năm", "6": "sáu", "7": "bảy"}
_CALLED = re.compile(
    r"(?:gọi|gọi điện|điện thoại|số máy|tổng đài|đường dây nóng|hotline|liên hệ|báo|cấp cứu|"
    r"cứu hỏa|cứu hoả|cảnh sát|công an|11[0-9])[^.!?;\n]{0,60}$"
)


def _read_amount(match: re.Match[str]) -> str:
    words = _read_number(match)
    if match["unit"]:
        words += f" {_UNITS[match['unit']]}"
        if match["per"]:
            words += f" trên {_UNITS[match['per']]}"
    return words


def _read_number(match: re.Match[str]) -> str:
    figures = match["whole"].replace(".", "").replace(",", "")
    if match["decimals"]:
        mark = "phẩy" if match["mark"] == "," else "chấm"
        return f"{read_whole(figures)} {mark} {read_decimals(match['decimals'])}"
    return _read_in_calendar(match, figures) or read_whole(figures)


def _read_in_calendar(match: re.Match[str], figures: str) -> str | None:
    said_before = before(match).rstrip()
    if said_before.endswith("tháng") and 1 <= int(figures[:3]) <= 12 and len(figures) <= 2:
        return read_month(int(figures))
    if said_before.endswith("thứ"):
        return _WEEKDAYS.get(figures)
    if said_before.endswith(("ngày", "mùng", "mồng")) and len(figures) <= 2:
        return read_whole(str(int(figures)))
    return None


def _read_telephone(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    plus = "cộng " if match[0].startswith("+") else ""
    return plus + ", ".join(read_digits(group) for group in groups)


def _read_emergency_call(match: re.Match[str]) -> str | None:
    if counts_something(match) or not _CALLED.search(before(match)):
        return None
    return read_digits(match[0])


RULES = (
    Rule(
        pattern=re.compile(
            r"(?<![\w+])(?:\+84|0)(?:[ .-]?\d){8,10}(?!\d)|(?<!\d)1[89]00(?:[ .]?\d){4,6}(?!\d)"
        ),
        read=_read_telephone,
    ),
    Rule(pattern=re.compile(r"(?<![\d.,/-])11[1-5](?![\d/%]|[.,]\d)"), read=_read_emergency_call),
    Rule(
        pattern=re.compile(rf"(?:{_AFTER_A_FIGURE})\s?[-–—]\s?(?=\d)"),
        read=lambda _: "đến",
    ),
    # "COVID-19", "A-B": a hyphen inside a word is not said.
    Rule(pattern=re.compile(r"(?<=\w)-(?=\w)"), read=lambda _: ""),
    Rule(pattern=re.compile(r"(?<![\w)])[-−](?=\d[\d.,]*\s?(?:°|º|độ))"), read=lambda _: "âm"),
    Rule(
        pattern=re.compile(
            r"(?P<whole>[1-9]\d{0,2}(?:\.\d{3})+(?!\d)|\d{1,3}(?:,\d{3}){2,}(?!\d)|\d+)"
            r"(?:(?P<mark>,|\.(?=\d{1,2}(?!\d))|(?<=\b0)\.)(?P<decimals>\d+))?" + _UNIT_AFTER
        ),
        read=_read_amount,
    ),
)
