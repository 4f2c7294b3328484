"""How many open alarms one gateway may have, and which are opened all the same; pure.

Whoever has broken into a gateway, or a gateway gone mad, can name zones and cameras without end; each
would be an alarm. Nobody can answer so many, and each costs the centre time with everything that
happens to the gateway. Three kinds are never held back for that, each bounded by what no gateway can
invent:

- what there is one of: the gateway's own state, and broadcasts that the centre itself has ordered;
- an emergency, an intrusion or a rule of the commune's own where a person has answered one before;
- such a one of a camera of the inventory, while it has few open and the gateway not twice the limit:
  somebody enters a zone for the first time while another camera has gone mad.
"""

from dataclasses import dataclass

from ioc.alarms.rules import AlarmKind, Priority

FEW_OF_DEVICE = 20
"""Open alarms of one device: a camera has about eight zones, each entered, loitered in, crowded."""
_RESUMES_BELOW = 0.8
FREE = frozenset(
    {
        AlarmKind.GATEWAY_DOWN,
        AlarmKind.GATEWAY_FORKED,
        AlarmKind.GATEWAY_FLOODING,
        AlarmKind.OUTBOX_GAP,
        AlarmKind.POWER_CUT,
        AlarmKind.BROADCAST_FAILED,
        AlarmKind.BACKUP_FAILED,
    }
)
"""Neither held back nor counted: broadcasts that fail for weeks say nothing against a gateway."""
_PRESSING = frozenset({AlarmKind.INTRUSION, AlarmKind.RULE})


@dataclass(frozen=True, kw_only=True)
class Place:
    """What is known of where a new alarm would stand."""

    open_alarms: int
    """Of the gateway, but for those of which there is one."""
    of_device: int
    """Of these, the device's."""
    in_inventory: bool
    """The gateway's inventory names the device, or the alarm is of no single device."""
    answered_before: bool
    """A person has answered an alarm of this kind and object."""


def is_free(kind: AlarmKind) -> bool:
    """Tell whether an alarm of this kind is opened whatever else its gateway says."""
    return kind in FREE


def presses(kind: AlarmKind, priority: Priority) -> bool:
    """Tell whether people must know at once that alarms like this one are held back."""
    return kind in _PRESSING or priority is Priority.CRITICAL


def resumes_below(limit: int) -> int:
    """Return under how many open alarms a gateway may open any again: a fifth under the limit."""
    return round(limit * _RESUMES_BELOW)


def is_full(open_alarms: int, *, limit: int, was_full: bool) -> bool:
    """Tell whether a gateway may open no more; it must fall well under the limit to be free again."""
    return open_alarms >= (resumes_below(limit) if was_full else limit)


def opens_all_the_same(kind: AlarmKind, priority: Priority, place: Place, *, limit: int) -> bool:
    """Tell whether a gateway that is full opens this one."""
    if is_free(kind):
        return True
    if not presses(kind, priority):
        return False
    if place.answered_before:
        return True
    spared = place.of_device < FEW_OF_DEVICE and place.open_alarms < 2 * limit
    return place.in_inventory and spared
