"""What happened, as JSON lines: events as gateways send them or in short, and measured values; pure."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from contracts.envelope import decode_event
from contracts.errors import ContractError
from contracts.telemetry import Metric
from ioc.rules.evaluation.happenings import Happening, Place
from ioc.rules.language.fields import kind_names, kinds_of
from ioc.rules.records import Whereabouts, happening_of
from ioc.timeseries.port import Point, SeriesKey

_Name = Annotated[str, Field(max_length=63)]


class HistoryFaulty(Exception):
    """The history cannot be read; its line is named."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    gateway: _Name
    device: _Name = ""
    area: _Name = ""


class _EventLine(_Line):
    event: str
    data: dict[str, Any] = {}
    late: bool = False


class _SampleLine(_Line):
    metric: Metric
    value: Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, kw_only=True)
class History:
    """What happened, in order of time."""

    happenings: tuple[Happening, ...]
    points: dict[SeriesKey, list[Point]]
    where: Whereabouts
    """The area of each device that is named; empty where the history does not tell."""


def read_history(lines: Iterable[str], *, where: Whereabouts) -> History:
    """Return the history in JSON lines.

    Args:
        lines: one object each. `{"at", "event", "gateway", "device", "area", "data"}`,
            `{"at", "metric", "gateway", "device", "area", "value"}`, or an event as gateways send
            it; `device`, `area` and `data` may be left out.
        where: areas that are known already.

    Raises:
        HistoryFaulty: a line is neither.
    """
    happenings: list[Happening] = []
    points: dict[SeriesKey, list[Point]] = defaultdict(list)
    places = dict(where)
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            entry = _entry(text, places, number=number)
        except (ContractError, ValidationError, ValueError) as error:
            raise HistoryFaulty(f"line {number}: {_sentence(error)}") from error
        if isinstance(entry, Happening):
            happenings.append(entry)
            place = entry.place
            places.setdefault((place.gateway_id, place.device_id), place.area_id)
        else:
            points[entry.key].append(entry)
    for series in points.values():
        series.sort(key=lambda point: point.sampled_at)
    return History(
        happenings=tuple(sorted(happenings, key=lambda one: one.occurred_at)),
        points=dict(points),
        where=places,
    )


def _entry(text: str, where: Whereabouts, *, number: int) -> Happening | Point:
    loaded = json.loads(text)
    if not isinstance(loaded, dict):
        raise ContractError("is no JSON object")
    if "specversion" in loaded:
        event = decode_event(text)
        return happening_of(event, occurred_at=event.occurred_at, where=where)
    if "metric" in loaded:
        return _point(_SampleLine.model_validate(loaded), where)
    return _happening(_EventLine.model_validate(loaded), where, number=number)


def _happening(line: _EventLine, where: Whereabouts, *, number: int) -> Happening:
    kinds = kinds_of(line.event)
    if not kinds:
        raise ValueError(f"no kind of event {line.event!r}; there is: {', '.join(kind_names())}")
    area_id = line.area or where.get((line.gateway, line.device), "")
    return Happening(
        event_id=f"line-{number}",
        kind=kinds[-1],
        occurred_at=line.at,
        place=Place(gateway_id=line.gateway, device_id=line.device, area_id=area_id),
        fields=SimpleNamespace(**line.data),
        late=line.late,
    )


def _point(line: _SampleLine, where: Whereabouts) -> Point:
    at = (line.gateway, line.device)
    where[at] = line.area or where.get(at, "")
    key = SeriesKey(gateway_id=line.gateway, device_id=line.device, metric=line.metric)
    return Point(key=key, sampled_at=line.at, value=line.value)


def _sentence(error: Exception) -> str:
    if isinstance(error, ValidationError):
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        return "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in faults[:3])
    return str(error)


def first_instant(history: History) -> datetime | None:
    """Return when the history begins."""
    begins = [one.occurred_at for one in history.happenings[:1]]
    begins += [series[0].sampled_at for series in history.points.values()]
    return min(begins, default=None)


def last_instant(history: History) -> datetime | None:
    """Return when the history ends."""
    ends = [one.occurred_at for one in history.happenings[-1:]]
    ends += [series[-1].sampled_at for series in history.points.values()]
    return max(ends, default=None)
