"""The commune's own radio station: what gateways say by themselves, self-tests, and the log of it all."""

from ioc.station.log import LogEntry, LogLine, read_log
from ioc.station.self_tests import SelfTest, read_last_tests
from ioc.station.station import Station
from ioc.station.talk_downs import TalkDownSetting, TalkDownView

__all__ = [
    "LogEntry",
    "LogLine",
    "SelfTest",
    "Station",
    "TalkDownSetting",
    "TalkDownView",
    "read_last_tests",
    "read_log",
]
