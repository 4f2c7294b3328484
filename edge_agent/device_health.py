"""Whether one device can be used, said once per change and remembered over restarts."""

import structlog

from contracts.events import DeviceDown, DeviceKind, DeviceUp, DownReason
from edge_agent.outbox import Draft, Entry, Outbox
from edge_agent.outbox.drafts import Condition
from edge_agent.timekeeping import between_s

log = structlog.get_logger(__name__)

_LONGEST_DETAIL = 200
_NEEDS_SOMEBODY = frozenset({DownReason.AUTH_FAILED, DownReason.CONFIGURATION})
"""Reasons that do not pass by themselves."""


class DeviceHealth:
    """Records `device.down` and `device.up`; judges nothing."""

    def __init__(
        self, outbox: Outbox, *, device_id: str, device_kind: DeviceKind, standing: Condition | None
    ) -> None:
        """Args: `standing` is what an earlier run left: down since then."""
        self._outbox = outbox
        self._device_id = device_id
        self._device_kind = device_kind
        self._down = standing.draft if standing is not None else None
        self._said_up = False

    @property
    def down_reason(self) -> DownReason | None:
        """Why it was last said to be down; None: it was not."""
        told = self._down.data if self._down is not None else None
        return told.reason if isinstance(told, DeviceDown) else None

    async def say_down(self, reason: DownReason, detail: str, *, since_s: float) -> None:
        """Record that it is down; told again only when somebody else must act now."""
        told = self.down_reason
        if told is not None and not _needs_another(told, reason):
            return
        began = self._down.moment if self._down else self._outbox.timekeeper.moment(since_s)
        data = DeviceDown(
            device_kind=self._device_kind, reason=reason, detail=detail[:_LONGEST_DETAIL]
        )
        draft = Draft(data=data, moment=began, device_id=self._device_id)
        await self._outbox.write(
            lambda entry: entry.state_condition(condition_key(self._device_id), draft)
        )
        self._down = draft
        log.warning("device down", device_id=self._device_id, reason=reason, detail=detail)

    async def say_up(self, at_s: float) -> None:
        """Record that it can be used: the first time in this run, and after it was down."""
        if self._down is None and self._said_up:
            return
        moment = self._outbox.timekeeper.moment(at_s)
        down_s = between_s(self._down.moment, moment) if self._down is not None else 0.0
        data = DeviceUp(device_kind=self._device_kind, down_s=down_s)
        draft = Draft(data=data, moment=moment, device_id=self._device_id)

        def record(entry: Entry) -> None:
            entry.end_condition(condition_key(self._device_id))
            entry.record(draft)

        await self._outbox.write(record)
        self._down, self._said_up = None, True
        log.info("device up", device_id=self._device_id, down_s=data.down_s)


def _needs_another(told: DownReason, reason: DownReason) -> bool:
    """Whether somebody else must act now, or must do something else.

    What answers again but cannot be decoded has its power and its cable; it is not told back and
    forth, for what cannot be decoded often ends as well.
    """
    if told is reason:
        return False
    return reason is DownReason.UNDECODABLE or bool({told, reason} & _NEEDS_SOMEBODY)


def condition_key(device_id: str) -> str:
    """Return the name of the condition that a device is down."""
    return f"device.down:{device_id}"
