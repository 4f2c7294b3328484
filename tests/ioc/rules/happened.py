"""What happens in the tests of rules: short ways to write documents, events and values."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from ioc.rules.evaluation.book import RuleBook
from ioc.rules.evaluation.happenings import Happening, Place
from ioc.rules.language import Known, read_rules

AREAS = {"xa": None, "ban-chuong": "xa", "na-lang": "xa"}
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
START = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)
"""A Monday, 22:00 in the commune."""


def book_of(text: str) -> RuleBook:
    """Return the rules in force of a text."""
    return RuleBook(read_rules(text, Known(areas=AREAS)).document, zone=ZONE, areas=AREAS)


def happening(
    kind: str,
    at_s: float = 0.0,
    *,
    event_id: str | None = None,
    device: str = "cam-1",
    gateway: str = "tu-1",
    area: str = "ban-chuong",
    late: bool = False,
    **fields: object,
) -> Happening:
    """Return an event `at_s` seconds after `START`."""
    return Happening(
        event_id=event_id or f"{kind}-{device}-{at_s}",
        kind=f"{kind}.v1",
        occurred_at=START + timedelta(seconds=at_s),
        place=Place(gateway_id=gateway, device_id=device, area_id=area),
        fields=SimpleNamespace(**fields),
        late=late,
    )


def fired(book: RuleBook, *happenings: Happening) -> list[list[str]]:
    """Return, for each event, the rules that fire."""
    return [[one.rule.rule_id for one in book.evaluate(each)] for each in happenings]
