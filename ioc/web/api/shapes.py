"""What all values of the JSON interface have in common, and the words their fields are made of.

Every value that a request may carry is bounded here or where it is used, and says so in the
OpenAPI document: what passes can be kept by either database and shown on every page.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""Any text without the character NUL, which PostgreSQL cannot keep; half a surrogate pair is no
text for pydantic either. Put the greatest length around it."""

Sha256Text = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A sound, a picture or a clip by what is in it."""

Switch = Annotated[bool, Strict()]
"""`true` or `false`, not what might be meant by it."""


def _refuse_text(written: object) -> object:
    if isinstance(written, str | bool):
        raise PydanticCustomError("number", "write a number, without quotation marks")
    return written


not_text = BeforeValidator(_refuse_text)
"""Stands after the bounds of a whole number in a body; 2.0 is one as well, "2" is none."""

Number = Annotated[float, Strict()]
"""A number, not text; put its bounds around it."""

_DAY = r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_HOUR = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
_OFFSET = r"(Z|[+-](0\d|1[0-4]):[0-5]\d)"
_INSTANT = re.compile(f"^{_DAY}T{_HOUR}{_OFFSET}$")


def _read_instant(written: object) -> object:
    if not isinstance(written, str) or not _INSTANT.fullmatch(written):
        raise PydanticCustomError("instant", "write it as 2026-11-22T21:06:00+07:00, 2000 to 2099")
    return datetime.fromisoformat(written).astimezone(UTC)


Instant = Annotated[
    datetime,
    BeforeValidator(_read_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _INSTANT.pattern}),
]
"""An instant with its offset (RFC 3339) of this century, so that no calendar overflows."""


_LONGEST_NAME = 200
_MOST_NAMES = 20


class Shape(BaseModel):
    """A value of the interface: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)


class ProblemText(Shape):
    """Why a request was refused: a code for programs, a sentence for people."""

    code: str
    en: str
    vi: str | None = None
    """Not for gateways, which read no Vietnamese."""
    where: list[str] | None = None
    """Which values were wrong, as `body.text` or `query.hours`; null: not about one of them."""


class Problem(Shape):
    """What every refusal answers."""

    error: ProblemText


def where_of(faults: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return which values validation found wrong, each once, the first twenty.

    A key that is wrong itself may be anything: it is given so that any answer can carry it.
    """
    named = (".".join(str(part) for part in each["loc"])[:_LONGEST_NAME] for each in faults)
    written = (name.encode("ascii", "backslashreplace").decode() for name in named)
    return tuple(dict.fromkeys(written))[:_MOST_NAMES]
