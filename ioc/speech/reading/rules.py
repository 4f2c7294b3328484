"""What a reading rule is: a pattern, and how to say what it matched; pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

# What figures are counted of: "113 hộ" is a quantity, "9/9 xã" is no date.
COUNTED = (
    "bạn|bản|bộ|buổi|ca|cái|cán|cán bộ|cây|chậu|chiếc|chỉ|chi|con|cơ sở|công|cụm|cuộc|cụ|cử tri|"
    "cháu|dân|điểm|đồng|đảng viên|đại biểu|đoàn viên|em|gia đình|giường|hàng|hạng mục|học sinh|hội|"
    "hộ|khẩu|làng|lô|lượt|mét|mẫu|mũi|nghìn|người|ngôi|nhà|phiếu|phụ nữ|phường|quyển|quả|suất|"
    "sào|tấn|thành viên|thành phố|thí sinh|thôn|thửa|tiêu chí|tổ|tỉnh|tỷ|tỉ|trẻ|trâu|triệu|trường|"
    "trường hợp|tuổi|túi|vụ|vé|xã|xe|xóm|đơn vị|hồ sơ|lớp|mô hình|chỉ tiêu|số"
)
FOLLOWED_BY_COUNTED = re.compile(rf"\s+(?:{COUNTED})\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One way to read something."""

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], str | None]
    """The words; None: not meant here, another rule may try."""


def before(match: re.Match[str]) -> str:
    """The text before what was matched, in lower case."""
    return match.string[: match.start()].lower()


def counts_something(match: re.Match[str]) -> bool:
    """Whether a word for counted things follows."""
    return FOLLOWED_BY_COUNTED.match(match.string, match.end()) is not None
