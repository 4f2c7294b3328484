"""Why a text is not spoken, each with a sentence for the reader in Vietnamese and in English.

SpeechError
├── UnspeakableText     the author: nothing in it can be read out
├── TextTooLong         the author: shorten it or split it
└── SpeechUnavailable   the technician: the speech engine is missing or fails
"""


class SpeechError(Exception):
    """The text cannot be turned into speech."""

    def __init__(self, *, vietnamese: str, english: str) -> None:
        """Args: the same sentence twice: what happened, what it means, what to do next."""
        super().__init__(english)
        self.vietnamese = vietnamese
        self.english = english


class UnspeakableText(SpeechError):
    """Nothing in the text can be read out."""

    def __init__(self) -> None:
        super().__init__(
            vietnamese="Nội dung không có chữ nào đọc được thành tiếng nên chưa phát."
            " Hãy nhập lời cần thông báo bằng chữ.",
            english="The text holds nothing that can be read out, so nothing was played."
            " Write the announcement in words.",
        )


class TextTooLong(SpeechError):
    """The text is longer than one announcement may be."""

    def __init__(self, *, characters: int, limit: int) -> None:
        super().__init__(
            vietnamese=f"Nội dung dài {characters} ký tự, quá mức {limit} ký tự nên chưa phát."
            " Hãy rút gọn hoặc chia thành nhiều bản tin.",
            english=f"The text has {characters} characters, more than the limit of {limit}, so"
            " nothing was played. Shorten it or split it into several announcements.",
        )


class SpeechUnavailable(SpeechError):
    """The speech engine of the control centre does not work."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            vietnamese="Máy chủ chưa đọc được chữ thành tiếng nên chưa phát."
            f" Báo kỹ thuật viên kiểm tra espeak-ng ({reason}).",
            english="The control centre cannot turn text into speech, so nothing was played."
            f" The technician must check espeak-ng ({reason}).",
        )
