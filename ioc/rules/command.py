"""The `ioc rules` commands: check files, and show what they would have made of a history."""

import argparse
import asyncio
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from ioc.rules import records
from ioc.rules.evaluation.book import RuleBook
from ioc.rules.history import History, HistoryFaulty, read_history
from ioc.rules.language import Fault, Known, RulesFaulty, Severity, Text, read_rules
from ioc.rules.replay import Episode, replay
from ioc.settings import Commune, Settings
from ioc.store.engine import open_store
from ioc.store.migrate import is_initialised

Said = tuple[list[str], bool]
"""Lines to print; whether somebody must mend something."""


def check_files(settings: Settings | None, options: argparse.Namespace) -> Said:
    """Say what is wrong with each file, by line."""
    known = asyncio.run(_known(settings))
    lines: list[str] = []
    right = True
    for path in options.files:
        text, said = _read(path, known)
        lines += said
        if text is None:
            right = False
        else:
            count = len(text.document.rules)
            off = sum(not rule.enabled for rule in text.document.rules)
            lines.append(f"{path}: {count} rules, {off} of them off: ok")
    return lines, right


def test_file(settings: Settings | None, options: argparse.Namespace) -> Said:
    """Replay a history through a file of rules and show what would have fired, when and why."""
    known = asyncio.run(_known(settings))
    text, lines = _read(options.rules, known)
    if text is None:
        return lines, False
    commune = Commune(name="-") if settings is None else settings.commune
    book = RuleBook(text.document, zone=commune.zone, areas=known.areas or {})
    try:
        history = _history(options.history, known)
    except HistoryFaulty as faulty:
        return [f"{options.history}: {faulty}"], False
    episodes = asyncio.run(replay(book, history))
    lines += [_line(episode, commune.zone) for episode in episodes]
    values = sum(map(len, history.points.values()))
    lines.append(
        f"{len(history.happenings)} events and {values} values: {len(episodes)} alarms"
        f" ({sum(not each.late for each in episodes)} would have called somebody)"
    )
    return lines, True


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ioc rules …`; each command's `alone` needs no settings, but takes them."""
    parser = commands.add_parser("rules", help="the commune's own rules: check, try on a history")
    actions = parser.add_subparsers(required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--config", type=Path, metavar="FILE", help="the centre's settings: its areas and devices"
    )
    check = actions.add_parser("check", parents=[shared], help="say what is wrong, by line")
    check.add_argument("files", type=Path, nargs="+", metavar="RULES")
    check.set_defaults(alone=check_files)
    test = actions.add_parser(
        "test", parents=[shared], help="show what would have fired during a history, and why"
    )
    test.add_argument("rules", type=Path, metavar="RULES")
    test.add_argument("history", type=Path, metavar="HISTORY", help="events and values, JSON lines")
    test.set_defaults(alone=test_file)


def _read(path: Path, known: Known) -> tuple[Text | None, list[str]]:
    try:
        text = read_rules(path.read_text(encoding="utf-8"), known)
    except (OSError, UnicodeDecodeError) as error:
        return None, [f"{path}: cannot be read: {error}"]
    except RulesFaulty as faulty:
        return None, list(_said(path, faulty.faults))
    return text, list(_said(path, text.warnings))


def _said(path: Path, faults: tuple[Fault, ...]) -> Iterator[str]:
    for fault in faults:
        mild = "warning: " if fault.severity is Severity.WARNING else ""
        yield f"{path}:{fault.line}: {mild}{fault.en}"


def _history(path: Path, known: Known) -> History:
    try:
        with path.open(encoding="utf-8") as lines:
            return read_history(lines, where=dict(known.where or {}))
    except (OSError, UnicodeDecodeError) as error:
        raise HistoryFaulty(f"cannot be read: {error}") from error


def _line(episode: Episode, zone: ZoneInfo) -> str:
    began = f"{episode.began_at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    ended = "-"
    if episode.ended_at is not None:
        ended = f"{episode.ended_at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    late = "\t(late: recorded only)" if episode.late else ""
    return (
        f"{began}\t{ended}\t{episode.priority}\t{episode.rule_id}\t{episode.subject or 'commune'}"
        f"\t{episode.times}x\t{episode.why.en}{late}"
    )


async def _known(settings: Settings | None) -> Known:
    if settings is None:
        return Known()
    areas = {area.area_id: area.parent_id for area in settings.areas}
    url = settings.database.read_url()
    if not is_initialised(settings.data_dir, url=url):
        return Known(areas=areas)
    async with open_store(settings.data_dir, url=url) as store, store.read() as connection:
        where = await records.read_whereabouts(connection)
    return Known(areas=areas, where=where)
