"""Instants, durations and names as people read them; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ioc.web.words import Words

SHAPES = {"critical": "◆", "high": "▲", "medium": "■", "low": "●"}
NIGHT_BEGINS_HOUR = 22
NIGHT_ENDS_HOUR = 5


@dataclass(frozen=True, kw_only=True)
class Wording:
    """How one page says things: its language, the commune's time zone, and now."""

    words: Words
    zone: ZoneInfo
    now: datetime

    def at(self, instant: datetime | None) -> str:
        """Return `21:04`, with the day where it is not today."""
        if instant is None:
            return self.words("device.never")
        local = instant.astimezone(self.zone)
        today = self.now.astimezone(self.zone)
        if local.date() == today.date():
            return f"{local:%H:%M}"
        if local.year == today.year:
            return f"{local:%H:%M %d/%m}"
        return f"{local:%H:%M %d/%m/%Y}"

    def clock(self, instant: datetime) -> str:
        """Return `21:04:31`: pictures of one moment are seconds apart."""
        return f"{instant.astimezone(self.zone):%H:%M:%S}"

    def moment(self, instant: datetime) -> str:
        """Return `21:04:31`, with the day where it is not today."""
        _, _, day = self.at(instant).partition(" ")
        return f"{self.clock(instant)} {day}".strip()

    def full(self, instant: datetime) -> str:
        """Return `21:04 22/11/2026`, for what is read on another day."""
        return f"{instant.astimezone(self.zone):%H:%M %d/%m/%Y}"

    def ago(self, instant: datetime) -> str:
        """Return `12 phút trước`."""
        age = self.now - instant
        if age < timedelta(minutes=1):
            return self.words("time.now")
        if age < timedelta(hours=1):
            return self.words("time.minutes_ago", n=age // timedelta(minutes=1))
        if age < timedelta(days=1):
            return self.words("time.hours_ago", n=age // timedelta(hours=1))
        return self.words("time.days_ago", n=age.days)

    def ago_at(self, instant: datetime) -> str:
        """Return `12 phút trước · 21:04`."""
        return self.words("time.ago_at", ago=self.ago(instant), at=self.at(instant))

    def seconds(self, duration_s: float) -> str:
        """Return `4,2 giây` (English: `4.2 s`); whole seconds from ten on."""
        if duration_s >= 10:
            return self.words("time.seconds", n=round(duration_s))
        return self.words("time.seconds", n=self.number(duration_s))

    def number(self, value: float) -> str:
        """Return `1.234,5` (English: `1,234.5`), at most one digit after the comma."""
        text = f"{value:,.1f}".removesuffix(".0")
        if self.words.language == "en":
            return text
        return text.translate(str.maketrans(",.", ".,"))

    @property
    def night(self) -> bool:
        """Whether loudspeakers are to be brief now."""
        hour = self.now.astimezone(self.zone).hour
        return hour >= NIGHT_BEGINS_HOUR or hour < NIGHT_ENDS_HOUR


def month_of(instant: datetime, zone: ZoneInfo) -> str:
    """Return the month of an instant: `2026-11`."""
    return f"{instant.astimezone(zone):%Y-%m}"


def month_span(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a month (`2026-11`) begins and when the next one does."""
    year, number = (int(part) for part in month.split("-"))
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    return datetime(year, number, 1, tzinfo=zone), datetime(*following, 1, tzinfo=zone)


def place_name(area_name: str, *, is_commune: bool, hamlet_word: str) -> str:
    """Return an area as spoken of: `xóm Bản Chương`; the commune by its own name."""
    if is_commune or area_name.casefold().startswith(hamlet_word.casefold()):
        return area_name
    return f"{hamlet_word} {area_name}"


def within(device_name: str, place: str, *, area_name: str) -> str:
    """Return `Cổng làng, xóm Bản Chương`, or `Ngõ Bản Chương`: the place is said once."""
    if not device_name:
        return place
    return device_name if area_name in device_name else f"{device_name}, {place}"


def person(role: str, name: str) -> str:
    """Return `Trực điều hành: Ma Thị Lan`, or the name alone where it says the role itself."""
    return name if name.casefold().startswith(role.casefold()) else f"{role}: {name}"


def loudspeaker_name(name: str) -> str:
    """Return `Loa Cổng làng` whether or not the name already says what it is."""
    return name if name.casefold().startswith("loa") else f"Loa {name}"
