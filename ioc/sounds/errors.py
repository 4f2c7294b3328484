"""Why a recording is not taken, each with a sentence for its author in Vietnamese and English.

Exception
├── RecordingRefused    the author: record it again, or choose another file
└── SoundUnavailable    the technician: the centre could not look at it
"""

from typing import Literal

Why = Literal["empty", "not_audio", "broken", "silent", "too_quiet", "too_long", "too_large"]

_SENTENCES: dict[Why, tuple[str, str]] = {
    "empty": (
        "Tệp trống, không có gì để phát. Hãy ghi âm lại hoặc chọn tệp khác.",
        "The file is empty, so there is nothing to play. Record it again or choose another file.",
    ),
    "not_audio": (
        (
            "Tệp này không phải âm thanh nên không phát được. Hãy chọn tệp ghi âm"
            " (MP3, M4A, WAV, OGG, WebM)."
        ),
        (
            "This file is not audio, so it cannot be played. Choose a recording"
            " (MP3, M4A, WAV, OGG, WebM)."
        ),
    ),
    "broken": (
        "Tệp âm thanh bị hỏng, phát ra sẽ đứt quãng nên không nhận. Hãy ghi âm lại.",
        "The audio file is damaged and would play with gaps, so it is not taken. Record it again.",
    ),
    "silent": (
        "Bản ghi không có tiếng nên không nhận. Kiểm tra micrô rồi ghi âm lại.",
        "The recording holds no sound, so it is not taken. Check the microphone and record again.",
    ),
    "too_quiet": (
        "Tiếng quá nhỏ, ra loa sẽ không nghe rõ. Nói to hơn, gần máy hơn, rồi ghi âm lại.",
        (
            "The voice is too quiet to be understood over loudspeakers."
            " Speak louder and closer, then record again."
        ),
    ),
    "too_long": (
        "Bản ghi dài {minutes} phút, quá mức {limit} phút nên không nhận. Hãy cắt thành nhiều bản.",
        (
            "The recording lasts {minutes} min, more than the limit of {limit}, so it is not taken."
            " Cut it into several."
        ),
    ),
    "too_large": (
        "Tệp lớn hơn {limit} MB nên không nhận. Hãy ghi âm ngắn hơn hoặc nén nhỏ lại.",
        "The file is larger than {limit} MB, so it is not taken. Record less or compress it.",
    ),
}


class RecordingRefused(Exception):
    """A recording is not taken; nothing of it is kept or played."""

    def __init__(self, why: Why, **values: object) -> None:
        """`values` fill the sentence: minutes, limit."""
        vietnamese, english = _SENTENCES[why]
        self.why = why
        self.vietnamese = vietnamese.format(**values)
        self.english = english.format(**values)
        super().__init__(f"{why}: {self.english}")


class SoundUnavailable(Exception):
    """The centre could not look at a recording; the technician must find out why."""

    def __init__(self, reason: str) -> None:
        self.vietnamese = (
            "Máy chủ không xử lý được bản ghi này nên chưa phát. Thử lại; nếu vẫn lỗi, báo kỹ thuật"
            f" viên ({reason})."
        )
        self.english = (
            "The control centre could not process this recording, so nothing was played."
            f" Try again; if it fails again, call a technician ({reason})."
        )
        super().__init__(reason)
