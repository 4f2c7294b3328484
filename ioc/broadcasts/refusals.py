"""Why a text is not spoken, in sentences its author can act on; pure."""

from ioc.people.errors import Refusal


def empty_selection() -> Refusal:
    """Return the refusal of a broadcast to no loudspeaker."""
    return Refusal(
        "no_loudspeaker",
        vi="Chưa chọn loa nào. Hãy chọn ít nhất một loa.",
        en="No loudspeaker is chosen. Choose at least one.",
    )


def too_many(limit: int) -> Refusal:
    """Return the refusal of a broadcast to more loudspeakers than one order can carry."""
    return Refusal(
        "too_many_loudspeakers",
        vi=f"Mỗi lần chỉ phát được ra {limit} loa. Hãy bỏ bớt và phát thành nhiều lần.",
        en=f"One broadcast reaches {limit} loudspeakers. Choose fewer and send several.",
    )


def not_previewed() -> Refusal:
    """Return the refusal of a text that its sender has not heard."""
    return Refusal(
        "not_previewed",
        vi="Bạn chưa nghe thử nội dung này. Hãy bấm Nghe thử, rồi bấm Phát ra loa.",
        en="You have not heard this text yet. Press Preview, then Broadcast.",
    )


def emergency_not_yours() -> Refusal:
    """Return the refusal of the highest priority."""
    return Refusal(
        "emergency_not_allowed",
        vi="Tài khoản của bạn không được phát khẩn cấp. "
        "Hãy gọi Trực điều hành của xã, hoặc phát ở mức ưu tiên.",
        en="Your account may not broadcast emergencies. "
        "Call the operator on duty, or broadcast at the priority level.",
    )


def still_busy() -> Refusal:
    """Return the refusal of a repeat on a loudspeaker that has not ended the first attempt."""
    return Refusal(
        "still_busy",
        vi="Loa này chưa xong lần phát trước. Hãy chờ phát xong hoặc bấm Dừng phát rồi phát lại.",
        en="This loudspeaker has not ended the previous attempt. Wait, or stop it, then repeat.",
    )
