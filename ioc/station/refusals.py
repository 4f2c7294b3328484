"""Why a talk-down is not set, in sentences its author can act on; pure."""

from ioc.people.errors import Refusal


def wrong_hours(hours: str) -> Refusal:
    """Return the refusal of hours that no day has."""
    return Refusal(
        "wrong_hours",
        vi=f"Giờ {hours} không dùng được. Hãy ghi như 05:00-22:00, giờ đầu khác giờ cuối.",
        en=f"The hours {hours} cannot be. Write them like 05:00-22:00, with different ends.",
    )
