"""What is refused to a person, as sentences they can act on; pure."""


class Refusal(Exception):
    """An act is refused; `vi` and `en` tell the person what it means and what to do next."""

    def __init__(self, code: str, *, vi: str, en: str) -> None:
        """Keep the sentences; `code` is stable and for programs."""
        self.code = code
        self.vi = vi
        self.en = en
        super().__init__(f"{code}: {en}")


def not_allowed() -> Refusal:
    """Return the refusal of an act the person's role or area does not include."""
    return Refusal(
        "not_allowed",
        vi="Tài khoản của bạn không có quyền làm việc này. "
        "Hãy nhờ Trực điều hành hoặc Quản trị của xã.",
        en="Your account may not do this. Ask the operator on duty or the commune's administrator.",
    )


def not_found() -> Refusal:
    """Return the refusal that tells nothing about objects of other areas."""
    return Refusal(
        "not_found",
        vi="Không tìm thấy. Có thể mục này đã bị xóa hoặc không thuộc địa bàn của bạn.",
        en="Not found. It may have been removed, or it lies outside your area.",
    )


def unknown_login(login: str) -> Refusal:
    """Return the refusal of a login that nobody has."""
    return Refusal(
        "unknown_login",
        vi=f"Không có tài khoản {login}.",
        en=f"There is no account {login}.",
    )
