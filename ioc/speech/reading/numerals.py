"""Vietnamese words for figures; pure, and total: any run of the digits 0-9 can be read."""

_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_SCALES = ("", "nghìn", "triệu")
_LONGEST_READ = 15
"""Longer figures are codes and account numbers: read digit by digit."""


def read_digits(figures: str) -> str:
    """Read one digit after the other: "113" becomes "một một ba"."""
    return " ".join(_DIGITS[int(figure)] for figure in figures)


def read_whole(figures: str) -> str:
    """Read a whole number: "105" becomes "một trăm linh năm"; leading zeros are read out."""
    if len(figures) > _LONGEST_READ or (len(figures) > 1 and figures[0] == "0"):
        return read_digits(figures)
    return _read_number(int(figures))


def read_decimals(figures: str) -> str:
    """Read what follows the decimal comma: "25" as a number, "05" and "125" digit by digit."""
    return read_whole(figures) if len(figures) <= 2 else read_digits(figures)


def read_month(month: int) -> str:
    """Name of a month, 1-12: the fourth is "tư"."""
    return "tư" if month == 4 else read_whole(str(month))


def _read_number(number: int) -> str:
    if number < 1_000_000_000:
        return _read_below_milliard(number, leading=True)
    milliards, rest = divmod(number, 1_000_000_000)
    words = f"{_read_number(milliards)} tỷ"
    return f"{words} {_read_below_milliard(rest, leading=False)}" if rest else words


def _read_below_milliard(number: int, *, leading: bool) -> str:
    words: list[str] = []
    for scale in (2, 1, 0):
        group = number // 1000**scale % 1000
        if group:
            first = leading and not words
            words.append(_read_group(group, leading=first))
            words.append(_SCALES[scale])
    return " ".join(filter(None, words)) or _DIGITS[0]


def _read_group(group: int, *, leading: bool) -> str:
    """Three digits; behind a higher group the hundreds are said even when they are nought."""
    hundreds, rest = divmod(group, 100)
    if leading and not hundreds:
        return _read_tens(rest)
    words = f"{_DIGITS[hundreds]} trăm"
    if not rest:
        return words
    return f"{words} linh {_DIGITS[rest]}" if rest < 10 else f"{words} {_read_tens(rest)}"


def _read_tens(number: int) -> str:
    tens, ones = divmod(number, 10)
    if tens == 0:
        return _DIGITS[ones]
    words = "mười" if tens == 1 else f"{_DIGITS[tens]} mươi"
    return f"{words} {_read_ones(ones, after_ten=tens == 1)}" if ones else words


def _read_ones(ones: int, *, after_ten: bool) -> str:
    if ones == 5:
        return "lăm"
    if after_ten:
        return _DIGITS[ones]
    return {1: "mốt", 4: "tư"}.get(ones, _DIGITS[ones])
