"""What is refused about rosters and shifts, as sentences people can act on; pure."""

from ioc.people.errors import Refusal


def shift_clashes(begins: str, ends: str) -> Refusal:
    """Return the refusal of hours that somebody else has already."""
    return Refusal(
        "shift_clashes",
        vi=f"Giờ này trùng với ca {begins}–{ends} đã có của cùng địa bàn. Chưa lưu. "
        "Hãy sửa giờ, hoặc xóa ca kia trước.",
        en=f"These hours meet the shift {begins}–{ends} of the same area. Not saved. "
        "Change the hours, or remove that shift first.",
    )


def shift_unknown() -> Refusal:
    """Return the refusal of a shift that is gone."""
    return Refusal(
        "shift_unknown",
        vi="Ca trực này không còn trong lịch. Chưa có gì thay đổi. Hãy tải lại trang.",
        en="This shift is not in the roster any more. Nothing has changed. Reload the page.",
    )


def days_wrong() -> Refusal:
    """Return the refusal of a shift without days, or with both kinds of them."""
    return Refusal(
        "days_wrong",
        vi="Hãy chọn các thứ trong tuần, hoặc ngày bắt đầu và ngày kết thúc "
        "(không quá 62 ngày, không chọn cả hai). Chưa lưu.",
        en="Choose days of the week, or a first and a last date (at most 62 days, not both). "
        "Not saved.",
    )


def nobody_named() -> Refusal:
    """Return the refusal of a weekly shift that nobody keeps."""
    return Refusal(
        "nobody_named",
        vi="Hãy chọn ít nhất một người cho ca trực. Chưa lưu.",
        en="Choose at least one person for the shift. Not saved.",
    )


def named_twice() -> Refusal:
    """Return the refusal of one person as his own deputy."""
    return Refusal(
        "named_twice",
        vi="Một người không thể vừa trực chính vừa trực thay trong cùng ca. Hãy chọn người khác.",
        en="One person cannot have two turns in the same shift. Choose somebody else.",
    )


def cannot_be_on_duty(name: str) -> Refusal:
    """Return the refusal of somebody who could not answer."""
    return Refusal(
        "cannot_be_on_duty",
        vi=f"{name} không trực được địa bàn này: tài khoản đã đóng, không thuộc địa bàn, "
        "hoặc chỉ được xem. Chưa lưu. Hãy chọn người khác.",
        en=f"{name} cannot be on duty for this area: the account is closed, of another area, "
        "or may only look. Not saved. Choose somebody else.",
    )


def handover_unknown() -> Refusal:
    """Return the refusal of a hand-over that does not exist for the person."""
    return Refusal(
        "not_found",
        vi="Không tìm thấy lần giao ca này, hoặc không thuộc địa bàn của bạn.",
        en="There is no such hand-over, or it lies outside your area.",
    )


def own_handover() -> Refusal:
    """Return the refusal to accept one's own hand-over."""
    return Refusal(
        "own_handover",
        vi="Bạn đã giao ca này nên không tự nhận được. Người nhận ca phải là người khác.",
        en="You have handed over this shift, so you cannot take it over. Somebody else must.",
    )


def taken_over_already(name: str) -> Refusal:
    """Return the refusal of a second acceptance."""
    return Refusal(
        "taken_over_already",
        vi=f"{name} đã nhận ca này. Không cần làm gì thêm.",
        en=f"{name} has taken over this shift. There is nothing to do.",
    )


def handover_replaced() -> Refusal:
    """Return the refusal of a hand-over after which there was another."""
    return Refusal(
        "handover_replaced",
        vi="Sau lần giao ca này đã có lần giao ca khác. Chưa nhận ca. "
        "Hãy tải lại trang rồi nhận lần mới nhất.",
        en="There has been another hand-over since. Not taken over. "
        "Reload the page and take over the newest.",
    )
