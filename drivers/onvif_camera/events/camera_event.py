"""One event as a camera tells it; a value, pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

PropertyOperation = Literal["Initialized", "Changed", "Deleted"]
Items = tuple[tuple[str, str], ...]
"""Names and values as the camera spells them."""


@dataclass(frozen=True, kw_only=True)
class CameraEvent:
    """A remark of a camera, or the state of one of its properties."""

    onvif_topic: str
    """Without namespace prefixes, such as `RuleEngine/CellMotionDetector/Motion`."""
    property_operation: PropertyOperation | None
    """Initialized: the present state told again, no new occurrence. None: a remark without state."""
    source_items: Items = ()
    key_items: Items = ()
    data_items: Items = ()
    occurred_at: datetime | None = None
    """The camera's UtcTime, set right by the error of its clock; None: it gives no usable one."""
    age_s: float | None = None
    """How much older than the answer that holds it, by the camera's own times; None: one is missing."""
    active: bool | None = None
    """Whether what the topic names holds now; None: the event tells no such state."""
