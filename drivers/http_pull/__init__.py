"""Loudspeakers that fetch an endless MP3 or Opus stream: we serve it."""

from drivers.http_pull.sink import HttpPullConfig, HttpPullSink, read_status

__all__ = ["HttpPullConfig", "HttpPullSink", "read_status"]
