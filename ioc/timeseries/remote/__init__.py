"""Stores of series on a server: InfluxDB 2 and VictoriaMetrics, with a backlog on disk before them."""

from ioc.timeseries.remote.opening import open_remote, open_server
from ioc.timeseries.remote.server import Server

__all__ = ["Server", "open_remote", "open_server"]
