"""Time series: what was measured, kept apart from the centre's state."""

from ioc.timeseries.series import Bucket, Point, SeriesKey, TimeSeries, open_series

__all__ = ["Bucket", "Point", "SeriesKey", "TimeSeries", "open_series"]
