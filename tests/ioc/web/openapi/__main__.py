"""The long search: `python -m tests.ioc.web.openapi --minutes 10 [--seed N]`, on PostgreSQL.

Every phase of Schemathesis, as administrator, as operator of one hamlet and as nobody, each for a
third of the time at least. A failure is printed with the request that repeats it.
"""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fakes.clock import FakeClock
from tests.ioc.databases import open_server
from tests.ioc.web.openapi.furnished import serve_village
from tests.ioc.web.openapi.fuzzing import SEED, Effort, Outcome, fuzz

PHASES = ("coverage", "fuzzing", "stateful")
WHO = ("quantri", "trucnalay", None)


def main() -> int:
    """Search; return 1 where anything was found."""
    asked = argparse.ArgumentParser(prog="python -m tests.ioc.web.openapi")
    asked.add_argument("--minutes", type=float, default=10)
    asked.add_argument("--seed", type=int, default=SEED)
    wanted = asked.parse_args()
    each_s = max(60, round(wanted.minutes * 60 / len(WHO)))
    passed = True
    with open_server() as server:
        for login in WHO:
            effort = Effort(examples=200, phases=PHASES, max_time_s=each_s, seed=wanted.seed)
            outcome = asyncio.run(_search(login, server.new_database(), effort))
            sys.stdout.write(f"== {login or 'nobody'}\n{outcome.report}\n")
            sys.stdout.flush()
            passed &= outcome.passed
    return 0 if passed else 1


async def _search(login: str | None, database_url: str, effort: Effort) -> Outcome:
    clock = FakeClock(datetime(2026, 1, 5, 0, 0, tzinfo=UTC))
    with TemporaryDirectory() as folder:
        place = Path(folder)
        async with (
            serve_village(place, clock, database_url=database_url) as served,
            served.caller(login) as caller,
        ):
            return await fuzz(served, caller, place, effort)


if __name__ == "__main__":
    raise SystemExit(main())
