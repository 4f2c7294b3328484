"""What is refused to who writes rules, as sentences they can act on; pure."""

from ioc.people.errors import Refusal
from ioc.rules.language import RulesFaulty, Severity


def faulty(why: RulesFaulty) -> Refusal:
    """Return that a text has faults; the first is named, the check names all."""
    errors = [fault for fault in why.faults if fault.severity is Severity.ERROR]
    first = errors[0]
    return Refusal(
        "rules_faulty",
        vi=f"Chưa lưu, quy tắc có {len(errors)} lỗi. Dòng {first.line}: {first.vi}",
        en=f"Not saved: the rules have {len(errors)} faults. Line {first.line}: {first.en}",
    )


def changed_meanwhile(login: str | None) -> Refusal:
    """Return that somebody else has changed the rules since the page was opened."""
    return Refusal(
        "rules_changed",
        vi=f"Chưa lưu: {login or 'hệ thống'} vừa sửa quy tắc. Hãy chép phần của bạn ra, "
        "tải lại trang rồi sửa trên bản mới.",
        en=f"Not saved: {login or 'the system'} has just changed the rules. Copy what you wrote, "
        "load the page again and change the newer text.",
    )


def trial_running() -> Refusal:
    """Return that one trial at a time is enough for this machine."""
    return Refusal(
        "still_busy",
        vi="Đang chạy thử cho người khác. Hãy đợi một phút rồi bấm lại.",
        en="Rules are being tried for somebody else. Wait a minute and try again.",
    )


def series_unavailable() -> Refusal:
    """Return that measured values cannot be read now."""
    return Refusal(
        "series_unavailable",
        vi="Chưa chạy thử được: hiện không đọc được kho số liệu. Cảnh báo vẫn hoạt động. "
        "Hãy thử lại sau ít phút.",
        en="Not tried: measured values cannot be read now. Alarms still work. "
        "Try again in a few minutes.",
    )
