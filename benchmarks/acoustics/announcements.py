"""Announcements as a commune makes them, spoken by the centre's renderer; drawn from a seed."""

import asyncio
import random
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt

from ioc.speech import render_speech

SAMPLE_RATE_HZ = 8000
Samples = npt.NDArray[np.int16]

_RENDERED_HZ = 48_000
_PAUSE_S = 0.4
_READINGS = 7
"""Each template is spoken so often, with other words in its gaps."""
_MOST_SENTENCES = 7
"""One announcement in a hundred is so long; sentences for another one must remain."""
_PLACES = (
    "xóm Bản Chương", "xóm Nà Lay", "xóm Khuổi Mèo", "xóm Khuổi Uốn", "xóm Tân Lập",
    "thôn Đồng Mới", "tổ dân phố Số 3", "xóm Nà Ca", "khu chợ xã", "đầu cầu Lũng Luông",
)  # fmt: skip
_WORKS = (
    "cắt điện để sửa chữa đường dây", "phun thuốc khử khuẩn", "tiêm phòng cho đàn trâu, bò",
    "khám sức khỏe cho người cao tuổi", "dọn vệ sinh đường làng", "họp bàn làm đường bê tông",
    "thu gom rác cồng kềnh", "phát lúa giống", "tập huấn phòng cháy, chữa cháy",
)  # fmt: skip
_BRINGS = (
    "sổ hộ khẩu", "cuốc, xẻng và chổi", "thẻ bảo hiểm y tế", "căn cước công dân", "sổ tiêm chủng",
    "nước uống", "giấy mời", "bao đựng rác",
)  # fmt: skip
_TEMPLATES = (
    "Ủy ban nhân dân xã thông báo: {hour}h{minute} ngày {day}/{month}, tại {place} {work}.",
    "Mời bà con {place} có mặt tại nhà văn hóa lúc {hour}h{minute} để {work}.",
    "Đề nghị các hộ ở {place} mang theo {brings} và đến đúng giờ.",
    "Trạm y tế xã báo tin: từ ngày {day}/{month} có đoàn bác sĩ về {place}, ai cần thì đăng ký.",
    "Cảnh báo mưa to, lượng mưa {rain} mm, nguy cơ sạt lở ở {place}. Bà con hãy chuyển đến nơi cao.",
    "Hợp tác xã cần mua {tonnes} tấn ngô khô, giá {price} đồng một kg, cân tại {place}.",
    "Nước suối dâng nhanh, không ai được qua ngầm ở {place} cho đến khi có thông báo mới.",
    "Công an xã nhắc bà con {place} khóa cửa cẩn thận, gặp người lạ thì gọi số 0208{phone}.",
    "Trường học ở {place} cho học sinh nghỉ ngày {day}/{month} vì trời rét dưới {cold} độ C.",
    "Quỹ tín dụng thu lãi tại {place} sáng ngày {day}/{month}, bà con nhớ đem {brings}.",
    "Không đổ rác ở {place}, đề nghị mang về.",
    "Yêu cầu rời khỏi {place} ngay.",
)
_TALK = (
    "Hôm qua tôi đi chợ mua được {tonnes} con gà, rẻ hơn phiên trước, chị đã ăn cơm chưa?",
    "Thằng út nhà bác vừa lái xe ra huyện, chắc {hour}h{minute} mới về đến nơi.",
    "Cái máy cày hỏng từ tháng {month}, sửa mất {price} nghìn mà vẫn chưa chạy.",
)


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """One to three sentences, or many."""

    templates: frozenset[int]
    """What it speaks of: two announcements of other templates have no sentence in common."""
    samples: Samples


class Announcer:
    """All sentences spoken once, put together to announcements as they are needed."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._readings = [self._speak(template) for template in _TEMPLATES]
        self.babble = np.concatenate([np.concatenate(self._speak(talk)) for talk in _TALK] * 8)
        """The talk of other people, which shares no sentence with any announcement."""

    def announce(self, *, without: frozenset[int] = frozenset()) -> Announcement:
        """A drawn announcement that speaks of nothing in `without`."""
        allowed = [index for index in range(len(_TEMPLATES)) if index not in without]
        count = _MOST_SENTENCES if self._rng.random() < 0.01 else self._rng.randint(1, 3)
        templates = self._rng.sample(allowed, min(count, len(allowed)))
        return self._put_together(templates)

    def vary(self, announcement: Announcement) -> Announcement:
        """The same templates in an order of their own, with other times and places."""
        return self._put_together(sorted(announcement.templates))

    def _put_together(self, templates: list[int]) -> Announcement:
        parts = [self._rng.choice(self._readings[index]) for index in templates]
        return Announcement(templates=frozenset(templates), samples=np.concatenate(parts))

    def _speak(self, template: str) -> list[Samples]:
        texts = [self._fill(template) for _ in range(_READINGS)]

        async def render() -> list[Samples]:
            return [_to_8_khz((await render_speech(text)).samples) for text in texts]

        return asyncio.run(render())

    def _fill(self, template: str) -> str:
        rng = self._rng
        return template.format(
            hour=rng.randint(5, 21), minute=rng.choice(("00", "15", "30", "45")),
            day=rng.randint(1, 28), month=rng.randint(1, 12), place=rng.choice(_PLACES),
            work=rng.choice(_WORKS), brings=rng.choice(_BRINGS), rain=rng.randint(5, 30) * 10,
            tonnes=rng.randint(2, 90), price=rng.randint(50, 99) * 100, cold=rng.randint(3, 10),
            phone=rng.randint(100000, 999999),
        )  # fmt: skip


def _to_8_khz(samples: Samples) -> Samples:
    """From the renderer's 48 kHz, with the pause that follows a sentence."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
    frame.sample_rate = _RENDERED_HZ
    parts = [
        part.to_ndarray()[0] for part in (*resampler.resample(frame), *resampler.resample(None))
    ]
    return np.concatenate([*parts, np.zeros(round(_PAUSE_S * SAMPLE_RATE_HZ), dtype=np.int16)])
