"""Why a rule has fired, in one sentence of Vietnamese and one of English; pure."""

from collections.abc import Sequence

from ioc.rules.evaluation.event_names import event_name
from ioc.rules.evaluation.happenings import Happening, Why
from ioc.rules.evaluation.windows import Instant
from ioc.rules.language.document import Absence, Band, Change, Rate, RuleShape, Step

_PER = {"second": ("giây", "s"), "minute": ("phút", "min"), "hour": ("giờ", "h")}


def of_event(rule: RuleShape, happening: Happening) -> Why:
    """Return why an event rule has fired: the event, its tested fields, how often."""
    name = event_name(happening.kind)
    fields = rule.event.where if rule.event else {}
    values = [(field, *_value(happening, field)) for field in fields]
    vi_told = ", ".join(f"{field} = {vi}" for field, vi, _ in values)
    en_told = ", ".join(f"{field} = {en}" for field, _, en in values)
    vi_said = f"{name[0]} ({vi_told})" if values else name[0]
    en_said = f"{name[1]} ({en_told})" if values else name[1]
    if rule.times == 1 or rule.within_s is None:
        return Why(vi=f"{vi_said}.", en=f"{en_said}.")
    vi, en = _span(rule.within_s)
    return Why(
        vi=f"{vi_said}: ít nhất {rule.times} lần trong {vi}.",
        en=f"{en_said}: at least {rule.times} times within {en}.",
    )


def of_sequence(rule: RuleShape, chain: Sequence[Instant]) -> Why:
    """Return why a sequence has fired: its steps, and how far apart they were."""
    steps = rule.sequence.steps if rule.sequence else ()
    names = [_step_name(step) for step in steps]
    vi, en = _span((chain[-1][0] - chain[0][0]).total_seconds())
    return Why(
        vi=f"{', rồi '.join(name for name, _ in names)} trong {vi}.",
        en=f"{', then '.join(name for _, name in names)} within {en}.",
    )


def of_series(rule: RuleShape, band: Band | Absence, measured: float) -> Why:
    """Return why a series rule has fired: what was measured, and the limit."""
    metric = rule.series.metric if rule.series else ""
    if isinstance(band, Absence):
        (vi, en), (vi_limit, en_limit) = _span(measured), _span(band.for_s)
        return Why(
            vi=f"Không có số đo {metric} từ {vi} nay (giới hạn {vi_limit}).",
            en=f"Nothing measured of {metric} for {en} (limit {en_limit}).",
        )
    limit = band.above if band.above is not None else band.below
    side = ("trên", "above") if band.above is not None else ("dưới", "below")
    what, (vi, en), (vi_limit, en_limit) = _what(band), _number(measured), _number(limit)
    return Why(
        vi=f"{metric}{what[0]} = {vi}{what[2]}, {side[0]} {vi_limit}.",
        en=f"{metric}{what[1]} = {en}{what[2]}, {side[1]} {en_limit}.",
    )


def _step_name(step: Step) -> tuple[str, str]:
    if step.event is not None:
        return event_name(step.event.kind)
    return step.rule or "", step.rule or ""


def _what(band: Band) -> tuple[str, str, str]:
    if isinstance(band, Change):
        return " so với tuần trước", " against last week", " %"
    if isinstance(band, Rate):
        vi, en = _PER[band.per]
        return f" mỗi {vi}", f" per {en}", ""
    return "", "", ""


def _value(happening: Happening, field: str) -> tuple[str, str]:
    value = getattr(happening.fields, field, None)
    text = str(value)[:80]
    return _number(value) if isinstance(value, float) else (text, text)


def _number(value: float | None, digits: int = 6) -> tuple[str, str]:
    """Return a number as each language writes it: 39,1 and 39.1."""
    text = "-" if value is None else f"{value:.{digits}g}"
    return text.replace(".", ","), text


def _span(seconds: float) -> tuple[str, str]:
    known = ((86_400, "ngày", "d"), (3_600, "giờ", "h"), (60, "phút", "min"), (0, "giây", "s"))
    size, vi, en = next((each for each in known if seconds >= each[0]), known[-1])
    in_vi, in_en = _number(seconds / (size or 1), 3)
    return f"{in_vi} {vi}", f"{in_en} {en}"
