"""How far each loudspeaker is with each broadcast, on disk; runs in an `Entry`."""

from dataclasses import dataclass

from contracts.events import BroadcastProgress, BroadcastState
from edge_agent.outbox import Draft, Entry
from edge_agent.timekeeping import Moment

FINAL = frozenset(
    {
        BroadcastState.FINISHED,
        BroadcastState.FAILED,
        BroadcastState.PREEMPTED,
        BroadcastState.STOPPED,
        BroadcastState.EXPIRED,
    }
)


@dataclass(frozen=True, kw_only=True)
class Playback:
    """One broadcast on one loudspeaker, not yet ended."""

    broadcast_id: str
    loudspeaker_id: str
    command_number: int
    state: BroadcastState


def begin(entry: Entry, *, broadcast_id: str, loudspeaker_id: str, command_number: int) -> None:
    """Accept a broadcast for a loudspeaker."""
    entry.connection.execute(
        "INSERT OR REPLACE INTO playback VALUES (?, ?, ?, ?)",
        (broadcast_id, loudspeaker_id, command_number, BroadcastState.ACCEPTED),
    )
    accepted = BroadcastProgress(broadcast_id=broadcast_id, state=BroadcastState.ACCEPTED)
    report(entry, loudspeaker_id, accepted)


def report(
    entry: Entry, loudspeaker_id: str, progress: BroadcastProgress, moment: Moment | None = None
) -> None:
    """Record a step; a final one ends the playback, and what has ended takes no more steps.

    A stop is reported by the player and, where it came too late for it, by the desk: once counts.
    """
    key = (progress.broadcast_id, loudspeaker_id)
    if progress.state in FINAL:
        taken = entry.connection.execute(
            "DELETE FROM playback WHERE broadcast_id = ? AND loudspeaker_id = ?", key
        )
    else:
        taken = entry.connection.execute(
            "UPDATE playback SET state = ? WHERE broadcast_id = ? AND loudspeaker_id = ?",
            (progress.state, *key),
        )
    if not taken.rowcount:
        return
    entry.record(
        Draft(
            data=progress,
            moment=moment or entry.timekeeper.moment(),
            device_id=loudspeaker_id,
        )
    )


def end(entry: Entry, playback: Playback, state: BroadcastState, detail: str = "") -> None:
    """Record how a playback ended that the player never ended itself."""
    progress = BroadcastProgress(
        broadcast_id=playback.broadcast_id, state=state, detail=detail[:200]
    )
    report(entry, playback.loudspeaker_id, progress)


def unended(entry: Entry, command_number: int | None = None) -> tuple[Playback, ...]:
    """Return the playbacks of a command, or all, that have not ended."""
    rows = entry.connection.execute(
        "SELECT broadcast_id, loudspeaker_id, command_number, state FROM playback"
        " WHERE ? IS NULL OR command_number = ? ORDER BY command_number, loudspeaker_id",
        (command_number, command_number),
    )
    return tuple(
        Playback(
            broadcast_id=broadcast_id,
            loudspeaker_id=loudspeaker_id,
            command_number=number,
            state=BroadcastState(state),
        )
        for broadcast_id, loudspeaker_id, number, state in rows
    )
