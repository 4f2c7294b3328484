"""What the commune tells the person who started it: plain text, or JSON lines for a program."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from simulator.commune import world
from simulator.commune.world import Person


class Voice:
    """Writes to stdout and never keeps anything back."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def say(self, text: str) -> None:
        """Tell one thing that happened."""
        self._write({"event": "said", "text": text}, text)

    def announce(
        self, *, address: str, data: Path, passwords: Mapping[Person, str], expectation: str
    ) -> None:
        """Tell where the commune is and, on its first day, how to enter."""
        facts = {
            "event": "ready",
            "address": address,
            "data": str(data),
            "passwords": {person.login: password for person, password in passwords.items()},
        }
        lines = [
            "",
            f"{world.COMMUNE} is running.",
            f"  console     {address}/",
            f"  phone page  {address}/loa",
            f"  data, logs  {data}",
            "",
        ]
        if passwords:
            lines += [
                "First passwords, shown only this once. A new one:",
                f"  .venv/bin/ioc user password LOGIN --config {data / 'centre.yaml'}",
                *(
                    f"  {person.login:<10} {password:<28} {person.does}"
                    for person, password in passwords.items()
                ),
                "",
            ]
        lines += [
            expectation,
            "Who would be told of it by mail is said here, as “Mail for …”; nothing leaves this machine.",
            "Ctrl-C ends everything; the next start goes on with the same data.",
            "",
        ]
        self._write(facts, "\n".join(lines))

    def _write(self, facts: Mapping[str, object], text: str) -> None:
        line = json.dumps(facts, ensure_ascii=False) if self._as_json else text
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
