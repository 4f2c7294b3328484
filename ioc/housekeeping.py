"""What would grow for ever is cut back once an hour; alarms, events and pictures are never touched."""

from datetime import timedelta

import structlog
from sqlalchemy import delete, func, select

from ioc.broadcasts import BroadcastDesk
from ioc.clock import Clock
from ioc.clock_doubt import ClockDoubt
from ioc.fixture_orders import FIXTURE_KINDS
from ioc.store.engine import Store
from ioc.store.tables import commands, journal
from ioc.timeseries import (
    SeriesRefused,
    SeriesSettings,
    SeriesStore,
    SeriesUnavailable,
    forget_past,
)

EVERY_S = 3_600.0
JOURNAL_KEPT = timedelta(days=7)
"""A browser that was away longer loads its page anew anyhow."""
COMMANDS_KEPT = timedelta(days=90)

_log = structlog.get_logger(__name__)


async def keep_house(
    *,
    store: Store,
    series: SeriesStore,
    voice: BroadcastDesk,
    clock: Clock,
    kept: SeriesSettings,
    doubt: ClockDoubt,
) -> None:
    """Clean for ever; nothing while the clock is in doubt."""
    while True:
        if not await doubt.is_doubted():
            await clean_once(store=store, series=series, clock=clock, kept=kept)
        await voice.forget_drafts()
        await clock.sleep(EVERY_S)


async def clean_once(
    *, store: Store, series: SeriesStore, clock: Clock, kept: SeriesSettings
) -> None:
    """Delete what is past its keeping."""
    now = clock.now()
    async with store.begin() as connection:
        # The newest line stays: numbers must go on from it.
        last = await connection.scalar(select(func.max(journal.c.number)))
        await connection.execute(
            delete(journal).where(journal.c.at < now - JOURNAL_KEPT, journal.c.number < (last or 0))
        )
        await connection.execute(
            delete(commands)
            .where(commands.c.issued_at < now - COMMANDS_KEPT, commands.c.state != "pending")
            # Gateways may fetch the sound that a command names; broadcasts keep their proof.
            .where(commands.c.broadcast_id.is_(None))
            # What cameras were told to pass over is known from the orders that were carried out.
            .where(~(commands.c.kind.in_(FIXTURE_KINDS) & (commands.c.state == "done")))
        )
    try:
        rows = await forget_past(series, kept, now=now)
    except (SeriesRefused, SeriesUnavailable) as error:
        _log.warning("housekeeping.series_kept", why=str(error), advice="tried again in an hour")
        return
    _log.info("housekeeping.done", series_rows_changed=rows)
