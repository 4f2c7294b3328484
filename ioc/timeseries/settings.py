"""What an installation decides about its time series: which store, and how long each is kept."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.telemetry import Metric
from ioc.timeseries.port import Resolution

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LONGEST_DAYS = 36_500

Days = Annotated[int, Field(ge=1, le=_LONGEST_DAYS)]


class Kept(BaseModel):
    """For how many days rows of each resolution are kept; the finer the shorter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    raw_days: Days = 35
    """Five weeks: what is now can be compared with the same hour a month ago."""
    minute_days: Days = 190
    hour_days: Days = 1_900
    """This month can be compared with the same month of five years."""
    day_days: Days = _LONGEST_DAYS

    @model_validator(mode="after")
    def _coarser_never_shorter(self) -> Self:
        if not self.raw_days <= self.minute_days <= self.hour_days <= self.day_days:
            raise ValueError(
                "coarser values are computed from finer ones, so raw_days ≤ minute_days ≤"
                f" hour_days ≤ day_days; here {self.raw_days}, {self.minute_days},"
                f" {self.hour_days}, {self.day_days}"
            )
        return self

    def days(self, resolution: Resolution) -> int:
        """Return for how many days rows of a resolution are kept."""
        return {
            Resolution.RAW: self.raw_days,
            Resolution.MINUTE: self.minute_days,
            Resolution.HOUR: self.hour_days,
            Resolution.DAY: self.day_days,
        }[resolution]


class SeriesSettings(BaseModel):
    """Where measurements are stored; without any of it in a file beside the centre's database."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: Literal["sqlite", "influxdb", "victoriametrics"] = "sqlite"
    url: Annotated[str, Field(pattern=r"^https?://[^\s@?#]+$", max_length=500)] | None = None
    token_file: Path | None = None
    """Its first line is the token; VictoriaMetrics needs one only behind an authorising proxy."""
    org: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    bucket: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    measurement: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")] = "commune"
    """Name of this centre's measurements; where centres share a server, each has its own."""
    tls_ca_file: Path | None = None
    """Of the authority that signed the server's certificate; None: those the machine trusts."""
    backlog_mb: Annotated[int, Field(ge=10, le=100_000)] = 500
    """What may wait on the centre's disk while the server is away, about ten points a kilobyte;
    when it is full the gateways keep theirs."""
    kept: Kept = Kept()
    """In the SQLite store; the servers keep to a retention of their own."""
    kept_by_metric: dict[Metric, Kept] = Field(default_factory=dict)
    """Series that are kept otherwise."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {
            "sqlite": (),
            "influxdb": ("url", "token_file", "org", "bucket"),
            "victoriametrics": ("url",),
        }[self.store]
        given = [n for n in ("url", "token_file", "org", "bucket", "tls_ca_file") if self._has(n)]
        missing = [name for name in needed if name not in given]
        if missing:
            raise ValueError(f"store {self.store} needs {', '.join(missing)}")
        if self.store == "sqlite" and given:
            raise ValueError(f"store sqlite is a file of the centre's own: leave out {given[0]}")
        if self.store != "sqlite" and self.model_fields_set & {"kept", "kept_by_metric"}:
            raise ValueError(
                f"kept is for store sqlite; {self.store} keeps to its own retention: set it there"
            )
        return self

    @model_validator(mode="after")
    def _never_in_the_clear(self) -> Self:
        address = urlsplit(self.url or "")
        if address.scheme == "http" and address.hostname not in LOOPBACK:
            raise ValueError(
                f"url {self.url} is another machine, so it must begin with https://"
                " (tls_ca_file names the authority of a certificate that is not public)"
            )
        return self

    def kept_of(self, metric: Metric) -> Kept:
        """Return how long a metric is kept."""
        return self.kept_by_metric.get(metric, self.kept)

    def _has(self, name: str) -> bool:
        return getattr(self, name) is not None
