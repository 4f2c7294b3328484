"""What a database may fail of, said once in our words; nothing it says of is ever committed."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

_FULL = ("database or disk is full", "no space left on device")
_TOO_LONG = ("too many sql variables", "number of query arguments cannot exceed")
"""Our own statement: it would fail the same way for ever. Drivers call both an outside fault."""
_LOCKED = ("database is locked", "lock timeout", "could not obtain lock")


class StoreUnavailable(Exception):
    """The database cannot be used now; nothing was stored, and whoever asked tries again later."""

    outside_fault = True


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the outside world does to a database into `StoreUnavailable`.

    Faults of our own statements (a constraint, a wrong type, too many values) pass as they are.

    Raises:
        StoreUnavailable: it is locked, full, gone, damaged or unreachable.
    """
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        if any(words in str(error.orig).lower() for words in _TOO_LONG):
            raise
        raise StoreUnavailable(_sentence(str(error.orig))) from error
    except DBAPIError as error:
        if error.connection_invalidated or _is_outside(error):
            raise StoreUnavailable(_sentence(str(error.orig))) from error
        raise


@contextmanager
def reached() -> Iterator[None]:
    """Turn what keeps a connection from being made into `StoreUnavailable`.

    Raises:
        StoreUnavailable: nobody listens there, or the file cannot be opened.
    """
    with translated():
        try:
            yield
        except OSError as error:  # asyncpg's, as they are; `TimeoutError` is one
            raise StoreUnavailable(_sentence(str(error) or "no answer in time")) from error


# PostgreSQL's classes: connection, insufficient resources, operator intervention, system error;
# 55P03: lock not available.
_OUTSIDE_STATES = ("08", "53", "57", "58", "55P03")


def _is_outside(error: DBAPIError) -> bool:
    if type(error.orig) is sqlite3.DatabaseError:  # of nothing narrower: the file is damaged
        return True
    state = getattr(error.orig, "sqlstate", None) or ""
    return str(state).startswith(_OUTSIDE_STATES)


def _sentence(said: str) -> str:
    first = said.strip().splitlines()[0] if said.strip() else "no reason given"
    lowered = said.lower()
    if any(words in lowered for words in _FULL):
        advice = "its disk is full: free some space"
    elif any(words in lowered for words in _LOCKED):
        advice = "another program has held it for too long: end that program"
    else:
        advice = "look whether its server runs and its disk is there"
    return f"the database cannot be used: {first}; {advice}"
