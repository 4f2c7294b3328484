"""The memory of commands: which numbers were seen, what came of them; runs in an `Entry`."""

from enum import Enum, auto

from contracts.codec import encode
from contracts.commands import Command, Stop, decode_command
from contracts.events import CommandOutcome, CommandResult
from edge_agent.outbox import Draft, Entry

WINDOW = 1_024
"""How far below the highest number a command may arrive."""


class Verdict(Enum):
    """What the ledger knows about a command that is proven."""

    UNSEEN = auto()
    OPEN = auto()
    """Accepted and not yet answered."""
    ANSWERED = auto()
    REPLAYED = auto()
    """Its number is too old or was another command's."""


def judge(entry: Entry, command: Command) -> Verdict:
    """Return what is known about a command."""
    row = entry.connection.execute(
        "SELECT command_id, outcome FROM command WHERE command_number = ?",
        (command.command_number,),
    ).fetchone()
    if row is not None:
        if row[0] != command.command_id:
            return Verdict.REPLAYED
        return Verdict.OPEN if row[1] is None else Verdict.ANSWERED
    (highest,) = entry.connection.execute(
        "SELECT coalesce(max(command_number), 0) FROM command"
    ).fetchone()
    return Verdict.REPLAYED if command.command_number <= highest - WINDOW else Verdict.UNSEEN


def accept(entry: Entry, command: Command) -> None:
    """Remember a command, so that it is carried out even after a crash."""
    entry.connection.execute(
        "INSERT INTO command (command_number, command_id, body) VALUES (?, ?, ?)",
        (command.command_number, command.command_id, encode(command)),
    )
    entry.connection.execute(
        "DELETE FROM command WHERE outcome IS NOT NULL AND command_number <="
        " (SELECT max(command_number) FROM command) - ?",
        (WINDOW,),
    )


def answer(entry: Entry, command: Command, outcome: CommandOutcome, reason: str = "") -> None:
    """Store a command's result together with the event that reports it; the first one stays."""
    if judge(entry, command) is Verdict.UNSEEN:
        accept(entry, command)
    event_id = _report(entry, command, outcome, reason)
    entry.connection.execute(
        "UPDATE command SET outcome = ?, reason = ?, result_event_id = ?"
        " WHERE command_number = ? AND outcome IS NULL",
        (outcome, reason, event_id, command.command_number),
    )


def answer_again(entry: Entry, command: Command) -> None:
    """Report the first result once more, unless it is still on its way."""
    outcome, reason, event_id = entry.connection.execute(
        "SELECT outcome, reason, result_event_id FROM command WHERE command_number = ?",
        (command.command_number,),
    ).fetchone()
    if not entry.is_pending(event_id):
        again = _report(entry, command, CommandOutcome(outcome), reason)
        entry.connection.execute(
            "UPDATE command SET result_event_id = ? WHERE command_number = ?",
            (again, command.command_number),
        )


def refuse(entry: Entry, *, command_id: str, command_number: int, reason: str) -> None:
    """Report that a command is not carried out, and remember nothing of it."""
    refused = CommandResult(
        command_id=command_id[:200],
        command_number=command_number,
        outcome=CommandOutcome.REFUSED,
        reason=reason[:200],
    )
    entry.record(Draft(data=refused, moment=entry.timekeeper.moment()))


def remembers(entry: Entry, command_number: int) -> bool:
    """Tell whether a command is still within the window."""
    row = entry.connection.execute(
        "SELECT 1 FROM command WHERE command_number = ?", (command_number,)
    ).fetchone()
    return row is not None


def command_of(entry: Entry, command_number: int) -> Command:
    """Return a remembered command.

    Raises:
        ContractError: what is stored cannot be read.
        KeyError: it is not remembered.
    """
    row = entry.connection.execute(
        "SELECT body FROM command WHERE command_number = ?", (command_number,)
    ).fetchone()
    if row is None:
        raise KeyError(command_number)
    return decode_command(row[0])


def stops_after(entry: Entry, command_number: int) -> tuple[Stop, ...]:
    """Return the stops, by number, that were ordered after a command and carried out before it."""
    rows = entry.connection.execute(
        "SELECT body FROM command WHERE command_number > ? AND instr(body, ?) > 0",
        (command_number, b'"stop.v1"'),
    )
    later = (decode_command(row[0]).data for row in rows)
    return tuple(data for data in later if isinstance(data, Stop))


def open_numbers(entry: Entry) -> tuple[int, ...]:
    """Return the numbers of the commands accepted and not yet answered."""
    rows = entry.connection.execute("SELECT command_number FROM command WHERE outcome IS NULL")
    return tuple(row[0] for row in rows)


def _report(entry: Entry, command: Command, outcome: CommandOutcome, reason: str) -> str:
    result = CommandResult(
        command_id=command.command_id,
        command_number=command.command_number,
        outcome=outcome,
        reason=reason[:200],
    )
    return entry.record(Draft(data=result, moment=entry.timekeeper.moment()))
