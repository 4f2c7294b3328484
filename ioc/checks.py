"""Looks whether a centre could be served as its settings say; changes nothing."""

import os
import ssl
from dataclasses import dataclass
from uuid import uuid4

from ioc.backup.disks import lies_in_memory, share_a_disk
from ioc.broadcasts.keys import SigningKeyUnusable, load_signing_key
from ioc.gateways.enrolment import EnrolmentRefused, read_centre_password
from ioc.ingest.bus import BusUnavailable, try_broker
from ioc.listener import CannotListen, open_listener
from ioc.notify.calling.templates import TemplatesUnusable, load_templates
from ioc.notify.channels.secret_files import SecretUnusable, read_secret
from ioc.rules.language import Known, RulesFaulty, read_rules
from ioc.serving_lock import is_served
from ioc.settings import Settings
from ioc.speech import DictionaryUnusable, load_dictionary
from ioc.store.database import Database, DatabaseUrlWrong
from ioc.store.faults import StoreUnavailable
from ioc.store.migrate import is_initialised
from ioc.timeseries import SeriesRefused, SeriesUnavailable, probe_series


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at; `fault` empty: it is fine."""

    subject: str
    fault: str = ""
    passing: bool = False
    """The fault may pass without a change of settings: the broker is away."""
    notice: str = ""
    """It works, and somebody should know this."""


async def check(settings: Settings) -> list[Finding]:
    """Return what was found, in the order in which it should be mended."""
    return [
        _database(settings),
        _key(settings),
        _dictionary(settings),
        _rules(settings),
        _notify(settings),
        _backup(settings),
        _certificate(settings),
        _port(settings),
        await _broker(settings),
        await _series(settings),
    ]


def _database(settings: Settings) -> Finding:
    subject = "database" if settings.database.is_server else "data_dir"
    try:
        database = Database(data_dir=settings.data_dir, url=settings.database.read_url())
        exists = is_initialised(database.data_dir, url=database.url)
    except DatabaseUrlWrong as error:
        return Finding(subject=subject, fault=str(error))
    except StoreUnavailable as error:
        return Finding(subject=subject, fault=str(error), passing=True)
    where = settings.data_dir if database.is_embedded else database.name
    fault = "" if exists else f"{where} holds no centre yet: run `ioc init`"
    return Finding(subject=subject, fault=fault)


def _key(settings: Settings) -> Finding:
    try:
        load_signing_key(settings.keys_dir)
    except SigningKeyUnusable as error:
        return Finding(subject="signing key", fault=str(error))
    return Finding(subject="signing key")


def _dictionary(settings: Settings) -> Finding:
    path = settings.broadcasts.dictionary
    try:
        if path is not None:
            load_dictionary(path)
    except DictionaryUnusable as error:
        return Finding(subject="broadcasts.dictionary", fault=str(error))
    return Finding(subject="broadcasts.dictionary")


def _rules(settings: Settings) -> Finding:
    path = settings.rules
    try:
        if path is not None:
            areas = {area.area_id: area.parent_id for area in settings.areas}
            read_rules(path.read_text(encoding="utf-8"), Known(areas=areas))
    except (OSError, UnicodeDecodeError, RulesFaulty) as error:
        return Finding(subject="rules", fault=f"{path}: {error}")
    return Finding(subject="rules")


def _notify(settings: Settings) -> Finding:
    try:
        load_templates(settings.notify.templates)
        for path in settings.notify.secret_files():
            read_secret(path)
    except (TemplatesUnusable, SecretUnusable) as error:
        return Finding(subject="notify", fault=str(error))
    return Finding(subject="notify")


def _backup(settings: Settings) -> Finding:
    wanted, subject = settings.backup, "backup.folder"
    if wanted is None:
        return Finding(subject=subject)
    if wanted.folder.resolve().is_relative_to(settings.data_dir.resolve()):
        fault = f"{wanted.folder} lies in the data directory itself: choose another disk"
        return Finding(subject=subject, fault=fault)
    if not os.access(wanted.folder, os.R_OK | os.W_OK | os.X_OK):
        fault = f"{wanted.folder} is not there, or this user may not write there"
        return Finding(subject=subject, fault=fault)
    notice = ""
    if share_a_disk(wanted.folder, settings.data_dir):
        notice = (
            f"{wanted.folder} lies on the disk that holds the data: if it fails, both are lost;"
            " choose another disk (cùng ổ đĩa với dữ liệu: ổ đĩa hỏng thì mất cả hai)"
        )
    elif lies_in_memory(wanted.folder):
        notice = (
            f"{wanted.folder} lies in memory: backups there are lost with the power;"
            " choose a disk (nằm trong bộ nhớ tạm: mất điện là mất)"
        )
    return Finding(subject=subject, notice=notice)


def _certificate(settings: Settings) -> Finding:
    web = settings.web
    if web.tls_certificate is None:
        return Finding(subject="web.tls_certificate")
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(web.tls_certificate, web.tls_key)
    except (OSError, ssl.SSLError) as error:
        return Finding(subject="web.tls_certificate", fault=f"{web.tls_certificate}: {error}")
    return Finding(subject="web.tls_certificate")


def _port(settings: Settings) -> Finding:
    try:
        open_listener(settings.web).close()
    except CannotListen as error:
        if is_served(
            settings.data_dir
        ):  # by this very centre, which need not be stopped for a check
            return Finding(subject="web.port")
        return Finding(subject="web.port", fault=str(error))
    return Finding(subject="web.port")


async def _broker(settings: Settings) -> Finding:
    try:
        password = read_centre_password(settings)
    except EnrolmentRefused as error:
        return Finding(subject="broker", fault=str(error))
    try:
        await try_broker(settings.broker, password=password, name=f"ioc-check-{uuid4()}")
    except BusUnavailable as error:
        refused = f"{error}; is it running, and does it use the files in data_dir/broker?"
        return Finding(subject="broker", fault=refused, passing=True)
    return Finding(subject="broker")


async def _series(settings: Settings) -> Finding:
    try:
        await probe_series(settings.series)
    except SeriesRefused as error:
        return Finding(subject="series", fault=str(error))
    except SeriesUnavailable as error:
        return Finding(subject="series", fault=f"{error}; is it running?", passing=True)
    return Finding(subject="series")
