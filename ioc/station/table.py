"""The station log as a CSV table that spreadsheets open; pure.

One row per loudspeaker of each broadcast (RFC 4180, UTF-8 with a byte order mark, so that Excel reads
Vietnamese). A cell that a spreadsheet would take for a formula is marked as text (CWE-1236).
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from ioc.station.log import LogEntry, LogLine

COLUMNS = (
    "broadcast_id",
    "ordered_at",
    "kind",
    "author",
    "approved_by",
    "text",
    "spoken_text",
    "audio_sha256",
    "priority",
    "level",
    "status",
    "loudspeaker",
    "state",
    "started_at",
    "finished_at",
    "seconds_sent",
    "length_s",
    "underruns",
    "interruptions",
    "hearing",
    "score",
    "answer",
    "detail",
)
_BYTE_ORDER_MARK = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_table(
    entries: Iterable[LogEntry], *, heading: Callable[[str], str], local: Callable[[datetime], str]
) -> Iterator[str]:
    """Yield the table line by line.

    Args:
        entries: what to write.
        heading: says a column's name in the reader's language.
        local: writes an instant in the commune's time.
    """
    yield _BYTE_ORDER_MARK + _line([heading(name) for name in COLUMNS])
    for entry in entries:
        for line in entry.lines:
            yield _line(_cells(entry, line, local))


def _cells(entry: LogEntry, line: LogLine, local: Callable[[datetime], str]) -> list[str]:
    values: dict[str, object] = {
        "broadcast_id": entry.broadcast_id,
        "ordered_at": local(entry.created_at),
        "kind": entry.kind,
        "author": entry.author,
        "approved_by": entry.approved_by,
        "text": entry.text,
        "spoken_text": entry.spoken_text,
        "audio_sha256": entry.audio_sha256,
        "priority": entry.priority,
        "level": entry.level,
        "status": entry.status,
        "loudspeaker": line.name,
        "state": line.state,
        "started_at": line.started_at and local(line.started_at),
        "finished_at": line.finished_at and local(line.finished_at),
        "seconds_sent": round(line.seconds_sent, 2),
        "length_s": round(entry.duration_s, 2),
        "underruns": line.underruns,
        "interruptions": line.interruptions,
        "hearing": line.hearing,
        "score": line.score,
        "answer": entry.answer,
        "detail": line.detail,
    }
    return ["" if values[name] is None else str(values[name]) for name in COLUMNS]


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(
        ["'" + cell if cell.startswith(_FORMULA) else cell for cell in cells]
    )
    return out.getvalue()
