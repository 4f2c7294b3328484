"""The centre's settings: one strict YAML file, checked whole before anything starts."""

from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from contracts.ids import ID_PATTERN
from ioc.alarms.settings import AlarmSettings
from ioc.backup.settings import BackupSettings
from ioc.keeping.settings import RetentionSettings
from ioc.notify.settings import Notify
from ioc.settings_file import SettingsError, read_strict
from ioc.store.settings import DatabaseSettings
from ioc.timeseries.settings import SeriesSettings

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

AreaId = Annotated[str, Field(pattern=ID_PATTERN)]
Port = Annotated[int, Field(ge=1, le=65_535)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Commune(_Strict):
    """What the screens call the place."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    hamlet_word: Annotated[str, Field(min_length=1, max_length=40)] = "xóm"
    time_zone: str = "Asia/Ho_Chi_Minh"

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is no time zone; in Viet Nam it is Asia/Ho_Chi_Minh")
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which screens show instants."""
        return ZoneInfo(self.time_zone)


class Area(_Strict):
    """A place in the tree of places; the one without a parent is the commune."""

    area_id: AreaId = Field(alias="id")
    name: Annotated[str, Field(min_length=1, max_length=200)]
    parent_id: AreaId | None = Field(default=None, alias="parent")


class Web(_Strict):
    """Where browsers and gateways reach the centre by HTTP."""

    host: str = "127.0.0.1"
    port: Port = 8080
    tls_certificate: Path | None = None
    tls_key: Path | None = None

    @property
    def secure(self) -> bool:
        """Whether it is served over HTTPS."""
        return self.tls_certificate is not None

    @model_validator(mode="after")
    def _never_plain_beyond_this_machine(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key belong together: give both or neither")
        if not self.secure and self.host not in LOOPBACK:
            raise ValueError(
                f"host {self.host} can be reached from other machines, so it needs tls_certificate"
                " and tls_key; without them use 127.0.0.1"
            )
        return self


class Broker(_Strict):
    """Where the centre finds the MQTT broker."""

    host: str = "127.0.0.1"
    port: Port = 1883
    username: AreaId = "centre"
    password_file: Path | None = None
    """None: `broker/centre_password` in the data directory, made by `ioc init`."""
    tls_ca_file: Path | None = None
    """Of the authority that signed the broker's certificate; None: plain MQTT."""

    @model_validator(mode="after")
    def _never_a_password_in_the_clear(self) -> Self:
        if self.host not in LOOPBACK and self.tls_ca_file is None:
            raise ValueError(
                f"host {self.host} is another machine, so the password needs tls_ca_file"
            )
        return self


class Station(_Strict):
    """A radio station or other stream that may be relayed."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    url: Annotated[str, Field(pattern=r"^https?://[^\s@]+$", max_length=500)]


class Broadcasts(_Strict):
    """What is spoken, and from where it comes."""

    dictionary: Path | None = None
    """The commune's own abbreviations, beside the product's."""
    largest_upload_mb: Annotated[int, Field(ge=1, le=500)] = 40
    """Of a recording."""
    stations: Annotated[tuple[Station, ...], Field(max_length=50)] = ()
    """Whoever may speak may relay these; other streams only an administrator."""


class Settings(_Strict):
    """Everything an installation decides; paths are absolute or relative to the file's folder."""

    data_dir: Path
    commune: Commune
    areas: Annotated[tuple[Area, ...], Field(min_length=1, max_length=2_000)]
    web: Web = Web()
    broker: Broker = Broker()
    broadcasts: Broadcasts = Broadcasts()
    alarms: AlarmSettings = AlarmSettings()
    series: SeriesSettings = SeriesSettings()
    notify: Notify = Notify()
    rules: Path | None = None
    """The commune's own rules, until somebody changes them on the page; None: none at first."""
    database: DatabaseSettings = DatabaseSettings()
    retention: RetentionSettings = RetentionSettings()
    backup: BackupSettings | None = None
    """The daily one; None: whoever runs the machine sees to it."""

    @model_validator(mode="after")
    def _areas_form_one_tree(self) -> Self:
        parents = {area.area_id: area.parent_id for area in self.areas}
        if len(parents) != len(self.areas):
            raise ValueError("areas: two areas have the same id")
        roots = [area_id for area_id, parent_id in parents.items() if parent_id is None]
        if len(roots) != 1:
            raise ValueError(
                f"areas: exactly one area has no parent, the commune; here {len(roots)} have none"
            )
        for area in self.areas:
            _climb(area.area_id, parents)
        return self

    @model_validator(mode="after")
    def _webhooks_name_known_areas(self) -> Self:
        known = {area.area_id for area in self.areas}
        for hook in self.notify.webhooks:
            if hook.area_id is not None and hook.area_id not in known:
                raise ValueError(f"notify.webhooks: {hook.area_id!r} is not among the areas")
        return self

    @property
    def root_area_id(self) -> str:
        """The commune itself."""
        return next(area.area_id for area in self.areas if area.parent_id is None)

    @property
    def broker_password_file(self) -> Path:
        """Where the centre's own MQTT password lies."""
        return self.broker.password_file or self.data_dir / "broker" / "centre_password"

    @property
    def keys_dir(self) -> Path:
        """Where the key that signs commands lies, readable by the centre only."""
        return self.data_dir / "keys"


def _climb(area_id: str, parents: dict[str, str | None]) -> None:
    seen = {area_id}
    above = parents[area_id]
    while above is not None:
        if above not in parents:
            raise ValueError(f"areas: the parent {above!r} of {area_id!r} is not among the areas")
        if above in seen:
            raise ValueError(f"areas: {area_id!r} lies in itself, by way of {above!r}")
        seen.add(above)
        above = parents[above]


def load(path: Path) -> Settings:
    """Return the settings in the YAML file at `path`, its relative paths made absolute.

    Raises:
        SettingsError: with one line per fault: file, line, key, and what would be right.
    """
    settings = read_strict(Settings, path)
    folder = path.resolve().parent
    web, broker, broadcasts = settings.web, settings.broker, settings.broadcasts
    return settings.model_copy(
        update={
            "data_dir": folder / settings.data_dir,
            "web": web.model_copy(
                update={
                    "tls_certificate": _under(folder, web.tls_certificate),
                    "tls_key": _under(folder, web.tls_key),
                }
            ),
            "broker": broker.model_copy(
                update={
                    "password_file": _under(folder, broker.password_file),
                    "tls_ca_file": _under(folder, broker.tls_ca_file),
                }
            ),
            "broadcasts": broadcasts.model_copy(
                update={"dictionary": _under(folder, broadcasts.dictionary)}
            ),
            "database": settings.database.model_copy(
                update={"url_file": _under(folder, settings.database.url_file)}
            ),
            "notify": settings.notify.under(folder),
            "rules": _under(folder, settings.rules),
            "backup": None if settings.backup is None else settings.backup.under(folder),
            "series": settings.series.model_copy(
                update={
                    "token_file": _under(folder, settings.series.token_file),
                    "tls_ca_file": _under(folder, settings.series.tls_ca_file),
                }
            ),
        }
    )


def _under(folder: Path, path: Path | None) -> Path | None:
    return None if path is None else folder / path.expanduser()


__all__ = [
    "Area",
    "Broadcasts",
    "Broker",
    "Commune",
    "Settings",
    "SettingsError",
    "Station",
    "Web",
    "load",
]
