"""The centre as one value: what pages, routes and tasks are handed; it does nothing itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ioc.alarms.engine.policy import UNDELAYED_POLICIES, Policies

if TYPE_CHECKING:
    from ioc.backup.daily import DailyBackup
    from ioc.broadcasts.desk import BroadcastDesk
    from ioc.clock import Clock
    from ioc.evidence import EvidenceStore
    from ioc.ingest.listening import Listening
    from ioc.notify.desk import NoticeDesk
    from ioc.people import People
    from ioc.rules.desk import RuleDesk
    from ioc.settings import Settings
    from ioc.station import Station
    from ioc.store.engine import Store
    from ioc.timeseries import SeriesStore


@dataclass(frozen=True, kw_only=True)
class Centre:
    """Everything a request may need; composed in `ioc.app`, or by a test."""

    settings: "Settings"
    clock: "Clock"
    store: "Store"
    series: "SeriesStore"
    evidence: "EvidenceStore"
    voice: "BroadcastDesk"
    station: "Station"
    people: "People"
    notices: "NoticeDesk"
    rules: "RuleDesk"
    policies: Policies = UNDELAYED_POLICIES
    """What the installation has decided about its alarms."""
    backup: "DailyBackup | None" = None
    """None: the installation wants none."""
    listening: "Listening | None" = None
    """Whether gateways are heard; None: nobody listens here."""
