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
_PER = "|".join(
    re.escape(unit)
    for unit in (
        "km",
        "h",
        "giờ",
        "s",
        "giây",
        "phút",
        "kg",
        "Kg",
        "g",
        "ha",
        "Ha",
        "m2",
        "m3",
        "lít",
        "l",
        "kWh",
    )
)
_UNIT_AFTER = rf"(?:\s?(?P<unit>{_UNIT})(?:/(?P<per>{_PER}))?(?!\w|/c\b))?"
_RANGE_ENDS = ("", "m", "mm", "cm", "km", "ha", "kg", "đ", "k", "h", "H", "%", "'", "tr")
_AFTER_A_FIGURE = "|".join(rf"(?<=\d{end})" for end in _RANGE_ENDS)
_WEEKDAYS = {"1": "nhất", "2": "hai", "3": "ba", "4": "tư", "5": "năm", "6": "sáu", "7": "bảy"}
_CALLED = re.compile(
    r"(?:gọi|gọi điện|điện thoại|số máy|tổng đài|đường dây nóng|hotline|liên hệ|báo|cấp cứu|"
    r"cứu hỏa|cứu hoả|cảnh sát|công an|11[0-9])[^.!?;\n]{0,60}$"
)


_EMERGENCY_CALLS = r"11[1-5]"
_CODE_SAID = re.compile(
    r"(?:tài khoản|số tk|stk|mã(?: số)?(?: [^\W\d_]+){0,2}|căn cước(?: công dân)?|số thẻ|số seri|"
    r"cccd|cmnd|mst|biển số)\W{0,3}(?:số\s*)?$"
)
_NUMBERED = re.compile(r"(?:số|mã|phòng|đường|quầy|bàn)\s*:?\s*$")
_WEEKDAY_BEFORE = re.compile(r"(?:thứ (?:[2-7]|hai|ba|tư|năm|sáu|bảy)|chủ nhật)$")


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
    if len(figures) >= 5 and _CODE_SAID.search(before(match)):
        return read_digits(figures)
    return _read_in_calendar(match, figures) or read_whole(_without_zero(match, figures))


def _without_zero(match: re.Match[str], figures: str) -> str:
    """Official letters write "05 hộ" for five; "phòng 05" keeps its nought."""
    counted = match["unit"] or re.match(r"\s+[^\W\d_]", match.string[match.end() :])
    if len(figures) == 2 and figures[0] == "0" and counted and not _NUMBERED.search(before(match)):
        return figures[1]
    return figures


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


def _read_emergency_calls(match: re.Match[str]) -> str:
    return ", ".join(read_digits(number) for number in re.findall(r"\d+", match[0]))


def _read_plate(match: re.Match[str]) -> str:
    """Read "20A-123.45" as people call a number plate out."""
    series = " ".join(
        read_digits(sign) if sign.isdigit() else sign.lower() for sign in match["series"]
    )
    groups = re.findall(r"\d+", match["number"])
    number = ", ".join(read_digits(group) for group in groups)
    return f"{read_whole(match['province'])} {series}, {number}"


def _read_until(match: re.Match[str]) -> str | None:
    return "đến" if _WEEKDAY_BEFORE.search(before(match)) else None


def _read_each(match: re.Match[str]) -> str | None:
    """Read "đồng/hộ/tháng" as "đồng mỗi hộ mỗi tháng", where something is counted."""
    if not re.search(r"\d[^.!?;\n]{0,25}$", before(match)):
        return None
    return " ".join(f"mỗi {noun}" for noun in match[0].split("/") if noun)


_EACH = (
    "bữa|buổi|ca|cây|chai|cháu|chiếc|con|cơ sở|đợt|em|gia đình|giờ|hộ|học kỳ|học sinh|hợp đồng|"
    "khẩu|kỳ|lần|lượt|mũi|năm|ngày|người|nhà|quý|sào|suất|tấn|tháng|thẻ|tuần|vé|vụ|xe"
)

# Before dates and shares: "113/114".
EMERGENCY_CALLS_RULE = Rule(
    pattern=re.compile(
        rf"(?<![\d.,/-]){_EMERGENCY_CALLS}(?:\s?[/,-]\s?{_EMERGENCY_CALLS})+(?![\d/%]|[.,]\d)"
    ),
    read=_read_emergency_calls,
)

RULES = (
    Rule(
        pattern=re.compile(
            r"(?<![\w+])(?:\+84|0)(?:[ .-]?\d){8,10}(?!\d)|(?<!\d)1[89]00(?:[ .]?\d){4,6}(?!\d)"
        ),
        read=_read_telephone,
    ),
    Rule(
        pattern=re.compile(rf"(?<![\d.,/-]){_EMERGENCY_CALLS}(?![\d/%]|[.,]\d)"),
        read=_read_emergency_call,
    ),
    Rule(
        pattern=re.compile(
            r"(?<!\w)(?P<province>\d{2})-?(?P<series>[A-Z]{1,2}\d?)[- ](?P<number>\d{3}\.?\d{2})"
            r"(?!\w)"
        ),
        read=_read_plate,
    ),
    # The three shares of a fertiliser.
    Rule(
        pattern=re.compile(r"(?<=NPK )(\d{1,2})-(\d{1,2})-(\d{1,2})(?![\d-])"),
        read=lambda match: ", ".join(read_whole(share) for share in match.groups()),
    ),
    Rule(pattern=re.compile(r"\s[-–—]\s(?=thứ\b|chủ nhật\b)", re.IGNORECASE), read=_read_until),
    Rule(pattern=re.compile(rf"(?:/(?:{_EACH})(?!\w))+"), read=_read_each),
    Rule(pattern=re.compile(r"(?<=\d)\s?[x×]\s?(?=\d)"), read=lambda _: "nhân"),
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
