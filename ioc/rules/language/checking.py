"""Whether rules mean something: kinds, fields, series, places, other rules; each fault with its remedy."""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from contracts.telemetry import Metric
from ioc.rules.language.circles import check_references
from ioc.rules.language.document import (
    BELONGS,
    FORMS,
    MEASURES,
    Band,
    Document,
    EventTest,
    RuleShape,
    SeriesTest,
)
from ioc.rules.language.faults import Found, Severity, unknown
from ioc.rules.language.fields import (
    Place,
    check_comparison,
    fields_of,
    kind_names,
    kinds_of,
)

_MOST_NAMED = 3
HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")


@dataclass(frozen=True, kw_only=True)
class Known:
    """What there is in the commune; None: not known here, so not checked."""

    areas: Mapping[str, str | None] | None = None
    """Area to the one above it."""
    where: Mapping[tuple[str, str], str] | None = None
    """(gateway, device) of the inventories with their areas; a gateway itself stands under ""."""
    series: Collection[tuple[str, str, str]] | None = None
    """(gateway, device or "", metric) of what was ever measured."""


def check_rules(document: Document, known: Known) -> list[Found]:
    """Return everything that is wrong with a document of the right shape."""
    found = list(check_references(document))
    for number, rule in enumerate(document.rules):
        place: Place = ("rules", number)
        found += _check_form(place, rule)
        found += _check_when(place, rule, known)
        found += _check_events(place, rule, known)
        if rule.series is not None:
            found += _check_series(place, rule, rule.series, known)
    return found


def _check_form(place: Place, rule: RuleShape) -> Iterator[Found]:
    forms = [form for form in FORMS if getattr(rule, form) is not None]
    if len(forms) != 1:
        yield Found(
            place=place,
            vi=f"Quy tắc {rule.rule_id!r} cần đúng một trong: event, sequence, series.",
            en=f"The rule {rule.rule_id!r} needs exactly one of: event, sequence, series.",
        )
        return
    foreign = frozenset().union(*BELONGS.values()) - BELONGS[forms[0]]
    for key in sorted(rule.model_fields_set & foreign):
        yield Found(
            place=(*place, key),
            vi=f"{key!r} không có nghĩa trong quy tắc {forms[0]!r}; hãy xóa dòng này.",
            en=f"{key!r} means nothing in a rule of the form {forms[0]!r}; delete it.",
        )
    if rule.times > 1 and rule.within_s is None:
        yield Found(
            place=(*place, "times"),
            vi="times cần thêm within_s: trong bao nhiêu giây.",
            en="times needs within_s: within how many seconds.",
        )


def _check_when(place: Place, rule: RuleShape, known: Known) -> Iterator[Found]:
    for number, hours in enumerate(rule.hours):
        match = HOURS.fullmatch(hours)
        start, _, end = hours.partition("-")
        if match is None or start == end:
            yield Found(
                place=(*place, "hours", number),
                vi=f'{hours!r} không phải là khoảng giờ; ghi như "22:00-05:00".',
                en=f'{hours!r} is no span of hours; write it like "22:00-05:00".',
            )
    for number, area in enumerate(rule.areas):
        if known.areas is not None and area not in known.areas:
            yield unknown((*place, "areas", number), area, known.areas, what=("địa bàn", "area"))


def _check_events(place: Place, rule: RuleShape, known: Known) -> Iterator[Found]:
    if rule.event is not None:
        yield from _check_event((*place, "event"), rule.event, known)
    if rule.ends is not None:
        yield from _check_event((*place, "ends"), rule.ends, known)
    for number, step in enumerate(rule.sequence.steps if rule.sequence else ()):
        at: Place = (*place, "sequence", "steps", number)
        if (step.event is None) == (step.rule is None):
            yield Found(
                place=at,
                vi="Mỗi bước cần đúng một trong: event, rule.",
                en="Each step needs exactly one of: event, rule.",
            )
        if step.event is not None:
            yield from _check_event((*at, "event"), step.event, known)


def _check_event(place: Place, test: EventTest, known: Known) -> Iterator[Found]:
    kinds = kinds_of(test.kind)
    if not kinds:
        what = ("loại sự kiện", "kind of event")
        yield unknown((*place, "kind"), test.kind, kind_names(), what=what)
    yield from _check_places(place, test, known)
    for field, comparison in test.where.items():
        at: Place = (*place, "where", field)
        having = [kind for kind in kinds if field in fields_of(kind)]
        if kinds and not having:
            names = {name for kind in kinds for name in fields_of(kind)}
            what = (f"mục trong {test.kind}", f"field of {test.kind}")
            yield unknown(at, field, names, what=what)
        for kind in having:
            yield from check_comparison(at, kind, field, comparison)


def _check_places(place: Place, test: EventTest | SeriesTest, known: Known) -> Iterator[Found]:
    """Find gateways and devices that are not there yet; they may be installed later."""
    if known.where is None:
        return
    gateways = {gateway for gateway, _ in known.where}
    devices = {device for _, device in known.where if device}
    for key, names, there, what in (
        ("gateways", test.gateways, gateways, ("tủ kỹ thuật", "gateway")),
        ("devices", test.devices, devices, ("thiết bị", "device")),
    ):
        for number, name in enumerate(names):
            if name not in there:
                at = (*place, key, number)
                yield unknown(at, name, there, what=what, severity=Severity.WARNING)


def _check_series(place: Place, rule: RuleShape, test: SeriesTest, known: Known) -> Iterator[Found]:
    at: Place = (*place, "series")
    yield from _check_places(at, test, known)
    if test.metric not in set(Metric):
        what = ("số đo", "metric")
        yield unknown((*at, "metric"), test.metric, map(str, Metric), what=what)
    elif known.series is not None:
        yield from _check_measured(at, test, known.series)
    measures = [name for name in MEASURES if getattr(rule, name) is not None]
    if len(measures) != 1:
        yield Found(
            place=at,
            vi="Quy tắc theo số đo cần đúng một trong: value, rate, change, absence.",
            en="A rule on series needs exactly one of: value, rate, change, absence.",
        )
    for name in ("value", "rate", "change"):
        band = getattr(rule, name)
        if isinstance(band, Band):
            yield from _check_band((*place, name), band)


def _check_measured(
    place: Place, test: SeriesTest, series: Collection[tuple[str, str, str]]
) -> Iterator[Found]:
    measured = [(gateway, device) for gateway, device, metric in series if metric == test.metric]
    missing = [name for name in test.devices if all(device != name for _, device in measured)]
    missing += [name for name in test.gateways if all(gateway != name for gateway, _ in measured)]
    if not measured:
        missing = [test.metric]
    for name in missing:
        of = test.metric if name == test.metric else f"{test.metric} / {name}"
        near = ", ".join(_nearest(name, test.metric, series))
        yield Found(
            place=(*place, "metric"),
            vi=f"Chưa có số liệu nào của {of}; quy tắc sẽ chạy khi có."
            + (f" Gần giống nhất trong số đang có: {near}." if near else ""),
            en=f"Nothing was ever measured of {of}; the rule works once there is something."
            + (f" The nearest of what there is: {near}." if near else ""),
            severity=Severity.WARNING,
        )


def _nearest(name: str, metric: str, series: Collection[tuple[str, str, str]]) -> Iterator[str]:
    """Return the series most like one that was never measured: of its metric, else of others."""
    of_metric = sorted({(g, d, m) for g, d, m in series if m == metric})
    named = {
        f"{m} / {d or g}": difflib.SequenceMatcher(a=name, b=(d or g) if of_metric else m).ratio()
        for g, d, m in of_metric or sorted(set(series))
    }
    yield from sorted(named, key=lambda each: -named[each])[:_MOST_NAMED]


def _check_band(place: Place, band: Band) -> Iterator[Found]:
    if (band.above is None) == (band.below is None):
        yield Found(
            place=place,
            vi="Cần đúng một trong: above, below.",
            en="Needs exactly one of: above, below.",
        )
    elif band.clear_at is not None and (
        (band.above is not None and band.clear_at > band.above)
        or (band.below is not None and band.clear_at < band.below)
    ):
        side = ("không lớn hơn above", "at most above")
        if band.below is not None:
            side = ("không nhỏ hơn below", "at least below")
        yield Found(
            place=(*place, "clear_at"),
            vi=f"clear_at phải {side[0]}, nếu không cảnh báo bật tắt liên tục.",
            en=f"clear_at must be {side[1]}, or the alarm would flicker.",
        )
