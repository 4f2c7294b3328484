"""Asks one loudspeaker again and again how it fares, and says when it is down; plays nothing.

Touches no other loudspeaker.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from contracts.events import DownReason, LoudspeakerDescribed
from contracts.telemetry import Metric
from drivers.loudspeaker import (
    DeviceBusy,
    LoudspeakerError,
    LoudspeakerStatus,
    SinkUnusable,
    WrongPassword,
)
from edge_agent.device_health import DeviceHealth
from edge_agent.loudspeakers.signs import Fault, Signs, Sound
from edge_agent.outbox import Draft, Outbox
from edge_agent.playout.messages import SinkFault
from edge_agent.supervisor import Draw
from edge_agent.telemetry import Samples

log = structlog.get_logger(__name__)

EVERY_S = 30.0
AGAIN_S = 10.0
"""After a failure that may pass: with both, a dead one is told within 60 s."""
REFUSED_S = 660.0
"""After a wrong password, more than 10 min even with the jitter: or the device locks the account."""
ANSWER_S = 8.0
"""A driver promises 5 s; then it is cut off."""
_FIRST_S = 1.0
_JITTER = 0.05
_LONGEST_WORD = 200
_draw: Draw = random.random

Ask = Callable[[], Awaitable[LoudspeakerStatus]]


class LoudspeakerKeeper:
    """One loudspeaker, for ever."""

    def __init__(
        self,
        loudspeaker_id: str,
        *,
        ask: Ask,
        health: DeviceHealth,
        outbox: Outbox,
        samples: Samples,
        is_speaking: Callable[[], bool],
    ) -> None:
        """Args: `ask` reads the device's status; `is_speaking` whether we use it ourselves now."""
        self._id = loudspeaker_id
        self._ask = ask
        self._health = health
        self._outbox = outbox
        self._samples = samples
        self._is_speaking = is_speaking
        self._clock = outbox.timekeeper.clock
        self._signs = Signs()
        self._described: LoudspeakerDescribed | None = None
        self._refused_at_s: float | None = None
        self._telling = asyncio.Lock()
        """A reading and a report of the player may come at once; each is told after the other."""

    async def run_once(self) -> None:
        """Ask for ever."""
        await self._clock.sleep(_FIRST_S * _draw())
        while True:
            if self._may_ask():
                await self._read()
                await self._tell()
            wait_s = AGAIN_S if self._signs.is_failing and self._may_ask() else EVERY_S
            await self._clock.sleep(wait_s * (1 - _JITTER + 2 * _JITTER * _draw()))

    async def take(self, report: SinkFault) -> None:
        """Hear from the player that frames do not reach it, or do again."""
        if report.fault is None:
            self._signs.take_sending(Sound(at_s=report.at_s))
        else:
            reason = DownReason(report.reason)
            if reason is DownReason.AUTH_FAILED:
                self._refused_at_s = self._clock.monotonic_s()
            self._signs.take_sending(Fault(reason=reason, detail=report.fault, since_s=report.at_s))
        await self._tell()

    def _may_ask(self) -> bool:
        refused_at_s = self._refused_at_s
        return refused_at_s is None or self._clock.monotonic_s() >= refused_at_s + REFUSED_S

    async def _read(self) -> None:
        at_s = self._clock.monotonic_s()
        try:
            async with asyncio.timeout(ANSWER_S):
                status = await self._ask()
        except TimeoutError:
            detail = f"no answer within {ANSWER_S:.0f} s"
            self._signs.take_failure(DownReason.UNREACHABLE, detail, at_s)
        except DeviceBusy as error:
            # While we speak through it, that it is busy is what it should say.
            if not self._is_speaking():
                self._signs.take_failure(DownReason.BUSY, str(error), at_s)
        except LoudspeakerError as error:
            if isinstance(error, WrongPassword):
                self._refused_at_s = self._clock.monotonic_s()
            self._signs.take_failure(_reason_of(error), str(error), at_s)
        else:
            self._refused_at_s = None
            self._signs.take_reading(self._clock.monotonic_s(), is_proven=status.is_proven)
            await self._note(status)

    async def _note(self, status: LoudspeakerStatus) -> None:
        if status.volume is not None:
            self._sample(Metric.LOUDSPEAKER_VOLUME, status.volume)
        if status.temperature_c is not None:
            self._sample(Metric.LOUDSPEAKER_TEMPERATURE_C, status.temperature_c)
        described = LoudspeakerDescribed(
            maker=status.maker[:_LONGEST_WORD],
            model=status.model[:_LONGEST_WORD],
            firmware=status.firmware[:_LONGEST_WORD],
            serial_number=status.serial_number[:_LONGEST_WORD],
        )
        if described in {self._described, LoudspeakerDescribed()}:
            return
        self._described = described
        moment = self._outbox.timekeeper.moment()
        await self._outbox.record(Draft(data=described, moment=moment, device_id=self._id))
        log.info("loudspeaker described", device_id=self._id, model=described.model)

    def _sample(self, metric: Metric, value: float) -> None:
        self._samples.add(metric, value, device_id=self._id)

    async def _tell(self) -> None:
        async with self._telling:
            match self._signs.finding():
                case Sound(at_s=at_s):
                    await self._health.say_up(at_s)
                case Fault() as fault:
                    await self._health.say_down(fault.reason, fault.detail, since_s=fault.since_s)
                case None:
                    return


def _reason_of(error: LoudspeakerError) -> DownReason:
    match error:
        case WrongPassword():
            return DownReason.AUTH_FAILED
        case DeviceBusy():
            return DownReason.BUSY
        case SinkUnusable():
            return DownReason.CONFIGURATION
        case _:
            return DownReason.UNREACHABLE
