"""The centre as one value: what pages, routes and tasks are handed; it does nothing itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ioc.broadcasts.desk import BroadcastDesk
    from ioc.clock import Clock
    from ioc.evidence import EvidenceStore
    from ioc.people import People
    from ioc.settings import Settings
    from ioc.station import Station
    from ioc.store.engine import Store
    from ioc.timeseries.series import TimeSeries


@dataclass(frozen=True, kw_only=True)
class Centre:
    """Everything a request may need; composed in `ioc.app`, or by a test."""

    settings: "Settings"
    clock: "Clock"
    store: "Store"
    series: "TimeSeries"
    evidence: "EvidenceStore"
    voice: "BroadcastDesk"
    station: "Station"
    people: "People"
