"""What is refused about contacts and wishes, as sentences a person can act on; pure."""

from ioc.notify.channels.parcel import ChannelName
from ioc.people.errors import Refusal

_EXAMPLES: dict[ChannelName, tuple[str, str]] = {
    "email": (
        "địa chỉ thư điện tử, ví dụ lan@xa.example",
        "an e-mail address, e.g. lan@xa.example",
    ),
    "sms": ("số điện thoại, ví dụ 0912 345 678", "a telephone number, e.g. 0912 345 678"),
    "telegram": (
        "mã cuộc trò chuyện Telegram, chỉ gồm chữ số",
        "the id of a Telegram chat, digits only",
    ),
    "zalo_bot": ("mã cuộc trò chuyện với bot Zalo", "the id of a chat with the Zalo bot"),
    "zalo_oa": ("mã người dùng Zalo của trang xã", "the Zalo user id at the commune's account"),
}


def unusable_address(channel: ChannelName) -> Refusal:
    """Return the refusal of an address that is none of its channel."""
    vi, en = _EXAMPLES.get(channel, ("địa chỉ khác", "another address"))
    return Refusal(
        "unusable_address",
        vi=f"Địa chỉ này không dùng được, nên chưa được lưu. Hãy nhập {vi}.",
        en=f"This address cannot be used and was not saved. Enter {en}.",
    )


def too_many_contacts(most: int) -> Refusal:
    """Return the refusal of one contact more than anybody needs."""
    return Refusal(
        "too_many_contacts",
        vi=f"Mỗi người có nhiều nhất {most} địa chỉ nhận thông báo. Hãy bỏ bớt một địa chỉ.",
        en=f"A person has at most {most} contacts. Remove one first.",
    )


def channel_missing() -> Refusal:
    """Return the refusal of a channel that this installation has not set up."""
    return Refusal(
        "channel_missing",
        vi="Xã chưa thiết lập kênh thông báo này. Hãy chọn kênh khác, hoặc nhờ Quản trị của xã.",
        en="This commune has not set up that channel. Choose another, or ask its administrator.",
    )


def tested_just_now() -> Refusal:
    """Return the refusal of tests in quick succession."""
    return Refusal(
        "tested_just_now",
        vi="Vừa gửi thử đến địa chỉ này. Hãy đợi nửa phút rồi thử lại.",
        en="A test has just gone to this contact. Try again in half a minute.",
    )


def too_many_tests(most: int) -> Refusal:
    """Return the refusal of more tests than anybody needs."""
    return Refusal(
        "too_many_tests",
        vi=f"Bạn đã gửi thử {most} lần trong một giờ. Hãy đợi rồi thử lại.",
        en=f"You have sent {most} tests within an hour. Wait, then try again.",
    )


def unusable_hours() -> Refusal:
    """Return the refusal of hours that are none."""
    return Refusal(
        "unusable_hours",
        vi="Giờ nhận thông báo viết như 06:00-22:00, nhiều khoảng cách nhau bằng dấu phẩy.",
        en="Hours are written like 06:00-22:00, several of them with commas in between.",
    )
