"""Why a text is not spoken, in sentences its author can act on; pure."""

from collections.abc import Sequence

from ioc.people.errors import Refusal
from ioc.sounds import RecordingRefused, SoundUnavailable


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


def say_it_twice() -> Refusal:
    """Return the refusal of an emergency whose text was heard once only."""
    return Refusal(
        "say_it_twice",
        vi="Tin khẩn cấp phải được đọc hai lần. Chọn mức khẩn cấp rồi bấm Nghe thử lại.",
        en="An emergency text is said twice. Choose emergency, then preview it again.",
    )


def level_not_yours() -> Refusal:
    """Return the refusal of speaking for a higher authority."""
    return Refusal(
        "level_not_allowed",
        vi="Tài khoản của bạn không được phát thay cấp này. Hãy chọn cấp thấp hơn.",
        en="Your account may not broadcast for this authority. Choose a lower level.",
    )


def start_has_passed() -> Refusal:
    """Return the refusal of a start that lies behind."""
    return Refusal(
        "start_has_passed",
        vi="Giờ bắt đầu đã qua nên chưa lên lịch. Hãy chọn giờ khác hoặc phát ngay.",
        en="The start has passed, so nothing is scheduled. Choose another time or play at once.",
    )


def start_too_far(days: int) -> Refusal:
    """Return the refusal of a start further ahead than gateways keep orders."""
    return Refusal(
        "start_too_far",
        vi=f"Chỉ lên lịch được trong {days} ngày tới. Hãy chọn ngày gần hơn.",
        en=f"It can be scheduled for the next {days} days only. Choose an earlier day.",
    )


def turns_too_long() -> Refusal:
    """Return the refusal of turns of which the last begins more than an hour later."""
    return Refusal(
        "turns_too_long",
        vi="Bản tin quá dài để các cụm loa phát luân phiên. Hãy giảm số lượt hoặc phát cùng lúc.",
        en="The announcement is too long for clusters to take turns."
        " Use fewer turns or play everywhere at once.",
    )


def station_not_yours() -> Refusal:
    """Return the refusal of a stream that nobody has entered as a station."""
    return Refusal(
        "station_not_allowed",
        vi="Chỉ tiếp sóng được các đài trong danh sách của xã. Hãy nhờ Quản trị thêm đài này.",
        en="Only the commune's stations may be relayed. Ask the administrator to add this one.",
    )


def bad_stream_address() -> Refusal:
    """Return the refusal of an address that gateways must not or cannot open."""
    return Refusal(
        "bad_stream_address",
        vi="Địa chỉ luồng không dùng được: phải bắt đầu bằng http:// hoặc https://, không có mật"
        " khẩu, không trỏ vào chính tủ kỹ thuật.",
        en="The stream's address cannot be used: it begins with http:// or https://, holds no"
        " password, and does not point at the gateway itself.",
    )


def bad_relay_length(hours: int) -> Refusal:
    """Return the refusal of a relay without end."""
    return Refusal(
        "bad_relay_length",
        vi=f"Thời gian tiếp sóng phải từ 1 giây đến {hours} giờ.",
        en=f"A relay lasts between 1 s and {hours} h.",
    )


def from_recording(error: RecordingRefused | SoundUnavailable) -> Refusal:
    """Return why a recording is not taken, as its author reads it."""
    code = error.why if isinstance(error, RecordingRefused) else "unavailable"
    return Refusal(f"recording_{code}", vi=error.vietnamese, en=error.english)


def phrase_missing(meanings: Sequence[str], language: str) -> Refusal:
    """Return the refusal of a phrase of which pieces were never recorded."""
    named = ", ".join(f"“{meaning}”" for meaning in meanings)
    return Refusal(
        "phrase_missing",
        vi=f"Chưa có bản ghi tiếng {language} của {named} nên chưa phát. Hãy ghi âm phần còn thiếu.",
        en=f"There is no recording in {language} of {named}, so nothing was played."
        " Record what is missing.",
    )


def bad_slot(name: str) -> Refusal:
    """Return the refusal of a slot left open or filled with what cannot be said."""
    return Refusal(
        "bad_slot",
        vi=f"Ô {{{name}}} còn trống hoặc không đúng. Hãy chọn lại.",
        en=f"The slot {{{name}}} is empty or wrong. Choose again.",
    )


def bad_pattern() -> Refusal:
    """Return the refusal of a template that cannot be cut into pieces."""
    return Refusal(
        "bad_pattern",
        vi="Câu mẫu phải có chữ, và chỉ dùng các ô {giờ}, {ngày}, {nơi}, {số}, mỗi ô một lần.",
        en="A template has words, and only the slots {giờ}, {ngày}, {nơi}, {số}, each once.",
    )
