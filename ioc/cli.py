"""The `ioc` command: reads arguments, calls the rooms, prints; decides nothing itself."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from ioc import administration
from ioc.administration import NotInitialised
from ioc.backup.refusals import BackupRefused
from ioc.broadcasts.keys import SigningKeyUnusable
from ioc.checks import check
from ioc.clock import SystemClock
from ioc.gateways.enrolment import EnrolmentRefused
from ioc.listener import CannotListen
from ioc.notify.calling.templates import TemplatesUnusable
from ioc.notify.channels.push import PushKeyUnusable
from ioc.notify.reach.contacts import make_contact
from ioc.people import Refusal, Role
from ioc.rules import command as rules_command
from ioc.serving_lock import AlreadyServed
from ioc.settings import Settings, SettingsError, load
from ioc.speech import DictionaryUnusable
from ioc.store.database import DatabaseUrlWrong
from ioc.store.faults import StoreUnavailable
from ioc.store.migrate import DatabaseTooNew, RestoreInterrupted
from ioc.timeseries import SeriesRefused, SeriesUnavailable

OK, TEMPORARY, CONFIGURATION = 0, 1, 2
"""Exit codes: done; try again later; somebody must change something first."""

_FAULTS = (
    AlreadyServed,
    BackupRefused,
    CannotListen,
    DatabaseTooNew,
    DatabaseUrlWrong,
    DictionaryUnusable,
    EnrolmentRefused,
    NotInitialised,
    PushKeyUnusable,
    RestoreInterrupted,
    SeriesRefused,
    SeriesUnavailable,
    SettingsError,
    SigningKeyUnusable,
    TemplatesUnusable,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    if "alone" in options:
        return _run_alone(options)
    run: Callable[[Settings, argparse.Namespace], int] = options.run
    try:
        return run(load(options.config), options)
    except Refusal as refusal:
        return _fail(f"{refusal.en}\n{refusal.vi}")
    except StoreUnavailable as fault:
        _fail(str(fault))
        return TEMPORARY
    except _FAULTS as fault:
        return _fail(str(fault))


def _run_alone(options: argparse.Namespace) -> int:
    """Run a command that can do without the settings."""
    alone: Callable[[Settings | None, argparse.Namespace], tuple[list[str], bool]] = options.alone
    try:
        lines, right = alone(load(options.config) if options.config else None, options)
    except _FAULTS as fault:
        return _fail(str(fault))
    _say(*lines)
    return OK if right else CONFIGURATION


def _serve(settings: Settings, _options: argparse.Namespace) -> int:
    # Pages, routes and their libraries take a second to load, which the other commands need not.
    from ioc.app import serve  # noqa: PLC0415

    serve(settings)
    return OK


def _init(settings: Settings, _options: argparse.Namespace) -> int:
    asyncio.run(administration.init(settings))
    _say(f"The centre of {settings.commune.name} lies in {settings.data_dir}.")
    return OK


def _check(settings: Settings, _options: argparse.Namespace) -> int:
    findings = asyncio.run(check(settings))
    for finding in findings:
        _say(f"{finding.subject}: {finding.fault or finding.notice or 'ok'}")
    faults = [finding for finding in findings if finding.fault]
    if not faults:
        return OK
    return TEMPORARY if all(finding.passing for finding in faults) else CONFIGURATION


def _backup(settings: Settings, options: argparse.Namespace) -> int:
    taken = asyncio.run(administration.backup(settings, SystemClock(), options.file))
    _say(
        f"{options.file}: {taken.rows} rows, {taken.files} files of {taken.size_bytes / 1e6:.1f} MB.",
        "It holds the centre's keys and people's data: keep it where only you can read it.",
    )
    if taken.vanished:
        _say(f"{taken.vanished} files were deleted by the centre meanwhile and are not in it.")
    return OK


def _restore(settings: Settings, options: argparse.Namespace) -> int:
    restored = asyncio.run(administration.restore(settings, SystemClock(), options.file))
    _say(
        f"The centre lies in {settings.data_dir} as it was at"
        f" {restored.taken_at:%Y-%m-%d %H:%M:%S} UTC: {restored.rows} rows, {restored.files} files.",
        "Have mosquitto read its files again (SIGHUP), then start the centre. Gateways send again"
        " what they still keep; everybody signs in again.",
    )
    return OK


def _user_add(settings: Settings, options: argparse.Namespace) -> int:
    area_id = options.area or settings.root_area_id

    async def add() -> str:
        async with administration.open_people(settings, SystemClock()) as people:
            return await people.add_user(
                options.login, name=options.name, role=Role(options.role), area_id=area_id
            )

    _show_password(options, asyncio.run(add()))
    return OK


def _user_password(settings: Settings, options: argparse.Namespace) -> int:
    async def reset() -> str:
        async with administration.open_people(settings, SystemClock()) as people:
            return await people.reset_password(options.login)

    _show_password(options, asyncio.run(reset()))
    return OK


def _user_disable(settings: Settings, options: argparse.Namespace) -> int:
    async def disable() -> None:
        async with administration.open_people(settings, SystemClock()) as people:
            await people.set_disabled(options.login, disabled=not options.enable)

    asyncio.run(disable())
    return OK


def _user_contact(settings: Settings, options: argparse.Namespace) -> int:
    clock = SystemClock()
    contact = make_contact(
        login=options.login,
        channel=options.channel,
        address=options.address,
        label=options.label,
        at=clock.now(),
    )
    asyncio.run(administration.add_contact(settings, clock, contact))
    return OK


def _user_list(settings: Settings, _options: argparse.Namespace) -> int:
    async def users() -> list[str]:
        async with administration.open_people(settings, SystemClock()) as people:
            return [
                f"{user.login}\t{user.role}\t{user.area_id}\t{user.name}"
                + ("\t(disabled)" if user.disabled else "")
                for user in await people.users()
            ]

    _say(*asyncio.run(users()))
    return OK


def _gateway_add(settings: Settings, options: argparse.Namespace) -> int:
    credentials = asyncio.run(
        administration.add_gateway(
            settings,
            SystemClock(),
            ids=(options.site, options.gateway_id),
            name=options.name or options.gateway_id,
            area_id=options.area or settings.root_area_id,
        )
    )
    if options.json:
        _say(json.dumps(asdict(credentials)))
        return OK
    _say(*(f"{key}: {value}" for key, value in asdict(credentials).items()))
    _say("These secrets are shown this once. Have mosquitto read its files again (SIGHUP).")
    return OK


def _gateway_list(settings: Settings, _options: argparse.Namespace) -> int:
    for gateway in asyncio.run(administration.list_gateways(settings)):
        heard = gateway.last_heard_at
        state = "online" if gateway.online else "offline"
        since = f"last heard {heard:%Y-%m-%d %H:%M:%S} UTC" if heard else "never seen"
        _say(f"{gateway.site_id}\t{gateway.gateway_id}\t{gateway.area_id}\t{state}\t{since}")
    return OK


def _gateway_quarantine(settings: Settings, options: argparse.Namespace) -> int:
    kept = asyncio.run(administration.list_quarantine(settings))
    if options.payload is not None:
        for one in kept:
            if one.number == options.payload:
                _say(one.payload.decode(errors="backslashreplace"))
                return OK
        return _fail(f"nothing with the number {options.payload} is kept")
    for one in kept:
        at = f"{one.received_at:%Y-%m-%d %H:%M:%S} UTC"
        _say(f"{one.number}\t{at}\t{one.topic_name}\t{len(one.payload)} bytes\t{one.reason}")
    _say(f"{len(kept)} payloads could not be taken and are kept for inspection.")
    return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ioc", description="The control centre of one commune.")
    parser.add_argument("--version", action="version", version=version("commune-ioc"))
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--config", type=Path, required=True, metavar="FILE", help="the centre's settings (YAML)"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, run: Callable[[Settings, argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = commands.add_parser(
            name, parents=[shared], help=text, description=text
        )
        command.set_defaults(run=run)
        return command

    add("serve", _serve, "run the centre")
    add("init", _init, "make keys, passwords, database and the broker's files; may be repeated")
    add("check", _check, "say what keeps the centre from being served; change nothing")
    for name, run, text in (
        ("backup", _backup, "write everything into one private FILE; the centre may be running"),
        ("restore", _restore, "bring a backup's centre into an empty data directory"),
    ):
        add(name, run, text).add_argument("file", type=Path, metavar="FILE")
    _add_user_commands(commands.add_parser("user", help="accounts of people"), shared)
    _add_gateway_commands(commands.add_parser("gateway", help="gateways in the field"), shared)
    rules_command.add_commands(commands)
    return parser


def _add_user_commands(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = commands.add_parser("add", parents=[shared], help="make an account; prints its password")
    add.add_argument("login")
    add.add_argument("--role", required=True, choices=[str(role) for role in Role])
    add.add_argument("--name", required=True, help="as screens show it")
    add.add_argument("--area", help="id of the area it reaches, with all below; else the commune")
    add.add_argument("--json", action="store_true", help="print one JSON object")
    add.set_defaults(run=_user_add)
    listing = commands.add_parser("list", parents=[shared], help="list the accounts")
    listing.set_defaults(run=_user_list)
    password = commands.add_parser("password", parents=[shared], help="make a new password")
    password.add_argument("login")
    password.add_argument("--json", action="store_true", help="print one JSON object")
    password.set_defaults(run=_user_password)
    contact = commands.add_parser("contact", parents=[shared], help="enter where somebody is told")
    contact.add_argument("login")
    contact.add_argument("channel", choices=administration.CONTACT_CHANNELS)
    contact.add_argument("address")
    contact.add_argument("--label", default="", help="as its owner knows it")
    contact.set_defaults(run=_user_contact)
    disable = commands.add_parser("disable", parents=[shared], help="close an account")
    disable.add_argument("login")
    disable.add_argument("--enable", action="store_true", help="open it again instead")
    disable.set_defaults(run=_user_disable)


def _add_gateway_commands(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = commands.add_parser("add", parents=[shared], help="add a gateway; prints its secrets")
    add.add_argument("gateway_id", metavar="GATEWAY_ID")
    add.add_argument("--site", required=True, help="id of the site: a-z, 0-9 and -")
    add.add_argument("--name", help="as screens show it")
    add.add_argument("--area", help="id of the area its devices lie in; else the commune")
    add.add_argument("--json", action="store_true", help="print one JSON object")
    add.set_defaults(run=_gateway_add)
    listing = commands.add_parser("list", parents=[shared], help="list the gateways")
    listing.set_defaults(run=_gateway_list)
    kept = commands.add_parser(
        "quarantine", parents=[shared], help="list what gateways sent that could not be taken"
    )
    kept.add_argument("--payload", type=int, metavar="NUMBER", help="show the bytes of one instead")
    kept.set_defaults(run=_gateway_quarantine)


def _show_password(options: argparse.Namespace, password: str) -> None:
    if options.json:
        _say(json.dumps({"login": options.login, "password": password}))
    else:
        _say(f"login: {options.login}", f"password: {password}", "It is shown this once.")


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


def _fail(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return CONFIGURATION


if __name__ == "__main__":
    sys.exit(main())
