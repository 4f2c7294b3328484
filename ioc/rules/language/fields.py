"""What fields events have, and whether a comparison fits one; pure."""

from collections.abc import Iterator
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from contracts.events import EVENT_KINDS
from ioc.rules.language.document import Comparison, Operand
from ioc.rules.language.faults import Found, unknown

Place = tuple[int | str, ...]

_ORDERED = ("above", "below", "at_least", "at_most")
_VALUE = ("giá trị", "value")


def kinds_of(written: str) -> tuple[str, ...]:
    """Return the contracts' kinds that `written` means: `device.down` is every version of it."""
    if written in EVENT_KINDS:
        return (written,)
    return tuple(kind for kind in EVENT_KINDS if kind.rpartition(".")[0] == written)


def kind_names() -> list[str]:
    """Return every kind without its version."""
    return sorted({kind.rpartition(".")[0] for kind in EVENT_KINDS})


def fields_of(kind: str) -> list[str]:
    """Return the fields of a kind of the contracts."""
    return sorted(EVENT_KINDS[kind].model_fields)


def check_comparison(
    place: Place, kind: str, field: str, comparison: Comparison
) -> Iterator[Found]:
    """Find what in a comparison cannot hold for this field of this kind."""
    kept = _kept(kind, field)
    keys = {
        info.alias or name
        for name, info in Comparison.model_fields.items()
        if getattr(comparison, name) is not None
    }
    if not keys:
        yield Found(
            place=place,
            vi=f"{field}: cần ghi điều kiện, ví dụ {{is: …}} hoặc {{above: 10}}.",
            en=f"{field}: needs a condition, such as {{is: …}} or {{above: 10}}.",
        )
    for key in sorted(keys.intersection(_ORDERED)) if not kept & {int, float} else ():
        yield Found(
            place=(*place, key),
            vi=f"{key}: {field!r} không phải là số; dùng is, is_not, in hoặc contains.",
            en=f"{key}: {field!r} is no number; use is, is_not, in or contains.",
        )
    for written in _operands(comparison):
        yield from _check_operand(place, field, kept, written)


def _check_operand(
    place: Place, field: str, kept: frozenset[object], written: Operand
) -> Iterator[Found]:
    choices = {str(each.value) for each in kept if isinstance(each, Enum)}
    choices |= {each for each in kept if isinstance(each, str)}
    if choices and str(written) not in choices:
        yield unknown(place, str(written), choices, what=_VALUE)
    numeric = bool(kept & {int, float})
    if numeric and isinstance(written, str | bool):
        yield Found(
            place=place,
            vi=f"{field}: {written!r} không phải là số.",
            en=f"{field}: {written!r} is no number.",
        )
    if kept <= {str} and not isinstance(written, str):
        yield Found(
            place=place,
            vi=f"{field}: là chữ, hãy đặt giá trị trong ngoặc kép.",
            en=f"{field}: is text; put the value in quotes.",
        )


def _operands(comparison: Comparison) -> Iterator[Operand]:
    for one in (comparison.equal, comparison.differs):
        if one is not None:
            yield one
    for several in (comparison.among, comparison.not_among):
        yield from several or ()


@cache
def _kept(kind: str, field: str) -> frozenset[object]:
    """Return the plain types of a field, and of enumerations and literals every value."""
    return frozenset(_plain(EVENT_KINDS[kind].model_fields[field].annotation))


def _plain(annotation: object) -> Iterator[object]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _plain(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for one in get_args(annotation):
            yield from _plain(one)
    elif origin is Literal:
        yield from get_args(annotation)
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield from annotation
    elif annotation is not NoneType:
        yield origin or annotation
