"""What a reading rule is: a pattern, how to say what it matched, and when to ask; pure."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

# What figures are counted of: "113 hộ" is a quantity, "9/9 xã" is no date.
COUNTED = (
    "bạn|bản|bộ|buổi|ca|cái|cán|cán bộ|cây|chậu|chiếc|chỉ|chi|con|cơ sở|công|cụm|cuộc|cụ|cử tri|"
    "cháu|dân|điểm|đồng|đảng viên|đại biểu|đoàn viên|em|gia đình|giường|hàng|hạng mục|học sinh|cặp|hội|"
    "hộ|khẩu|làng|lô|lượt|mét|mẫu|mũi|nghìn|người|ngôi|nhà|phiếu|phụ nữ|phường|quyển|quả|suất|"
    "sào|tấn|thành viên|thành phố|thí sinh|thôn|thửa|tiêu chí|tổ|tỉnh|tỷ|tỉ|trẻ|trâu|triệu|trường|"
    "trường hợp|tuổi|túi|vụ|vé|xã|xe|xóm|đơn vị|hồ sơ|lớp|mô hình|chỉ tiêu|số"
)
FOLLOWED_BY_COUNTED = re.compile(rf"\s+(?:{COUNTED})\b", re.IGNORECASE)


Why = Literal["unknown", "ambiguous", "no_such_day"]


@dataclass(frozen=True, kw_only=True)
class Question:
    """What only the author knows: how something written is to be said."""

    written: str
    read_as: str
    """What is said as long as nobody answers."""
    why: Why
    choices: tuple[str, ...] = ()
    """Of what is ambiguous."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One way to read something."""

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], str | None]
    """The words; None: not meant here, another rule may try."""
    ask: Callable[[re.Match[str]], Iterable[Question]] | None = None
    """What is to be asked about what was read; None: it is certain."""


def before(match: re.Match[str]) -> str:
    """The text before what was matched, in lower case."""
    return match.string[: match.start()].lower()


def counts_something(match: re.Match[str]) -> bool:
    """Whether a word for counted things follows."""
    return FOLLOWED_BY_COUNTED.match(match.string, match.end()) is not None
