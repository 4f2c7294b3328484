"""Time series: what was measured, kept apart from the centre's state."""

from ioc.timeseries.keeping import forget_past
from ioc.timeseries.opening import open_series, probe_series
from ioc.timeseries.port import (
    Bucket,
    Point,
    Resolution,
    SeriesKey,
    SeriesRefused,
    SeriesStore,
    SeriesUnavailable,
    Standing,
)
from ioc.timeseries.settings import SeriesSettings

__all__ = [
    "Bucket",
    "Point",
    "Resolution",
    "SeriesKey",
    "SeriesRefused",
    "SeriesSettings",
    "SeriesStore",
    "SeriesUnavailable",
    "Standing",
    "forget_past",
    "open_series",
    "probe_series",
]
