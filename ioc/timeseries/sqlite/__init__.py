"""The embedded store of series: one file, raw points in wide rows, roll-ups beside them."""

from ioc.timeseries.sqlite.store import SqliteSeries, open_sqlite

__all__ = ["SqliteSeries", "open_sqlite"]
