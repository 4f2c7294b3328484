"""Forgets what is past its keeping, metric by metric and resolution by resolution."""

from datetime import datetime, timedelta

from contracts.telemetry import Metric
from ioc.timeseries.port import Resolution, SeriesStore
from ioc.timeseries.settings import SeriesSettings


async def forget_past(series: SeriesStore, settings: SeriesSettings, *, now: datetime) -> int:
    """Delete what the settings no longer keep; return how many rows were changed.

    Raises:
        SeriesUnavailable: the store does not answer; the rest is forgotten next time.
    """
    changed = 0
    for metric in Metric:
        for resolution in Resolution:  # finest first: a coarser row never goes before a finer one
            days = settings.kept_of(metric).days(resolution)
            changed += await series.forget_before(
                now - timedelta(days=days), metric=metric, resolution=resolution
            )
    return changed
