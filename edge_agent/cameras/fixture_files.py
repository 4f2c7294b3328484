"""What operators said belongs where it stands, one file per camera; the only code that writes it.

Blocking. A file that cannot be read is set aside, never overwritten.
"""

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import structlog
from pydantic import TypeAdapter, ValidationError

from edge_agent.vision.orders import Fixture

log = structlog.get_logger(__name__)

MOST_FIXTURES = 200
"""Per camera; the oldest leave."""


_FIXTURES = TypeAdapter(tuple[Fixture, ...])


class FixtureFile:
    """The fixtures of one camera, oldest first."""

    def __init__(self, folder: Path, camera_id: str) -> None:
        self._file = folder / f"{camera_id}.json"
        self.fixtures = self._read()

    def has(self, fixture_id: str) -> bool:
        """Tell whether this was marked before."""
        return any(fixture.fixture_id == fixture_id for fixture in self.fixtures)

    def add(self, fixture: Fixture) -> None:
        """Keep a fixture; it takes the place of an earlier one with its id.

        Raises:
            OSError: the disk is full or not writable; then nothing has changed.
        """
        others = [one for one in self.fixtures if one.fixture_id != fixture.fixture_id]
        fixtures = (*others, fixture)[-MOST_FIXTURES:]
        self._write(fixtures)
        self.fixtures = fixtures

    def remove(self, fixture_id: str) -> None:
        """Keep a fixture no longer; one that is not kept changes nothing.

        Raises:
            OSError: the disk is full or not writable; then nothing has changed.
        """
        others = tuple(one for one in self.fixtures if one.fixture_id != fixture_id)
        if len(others) < len(self.fixtures):
            self._write(others)
            self.fixtures = others

    def _read(self) -> tuple[Fixture, ...]:
        try:
            return _FIXTURES.validate_json(self._file.read_bytes())[-MOST_FIXTURES:]
        except FileNotFoundError:
            return ()
        except (OSError, ValidationError) as error:
            aside = self._file.with_name(f"{self._file.name}.unreadable-{uuid4().hex[:8]}")
            with suppress(OSError):
                self._file.rename(aside)
            log.error(  # noqa: TRY400 -- the reason is the file's content, not this code
                "fixtures cannot be read: the camera starts without them",
                kept_as=str(aside),
                reason=str(error).partition("\n")[0],
            )
            return ()

    def _write(self, fixtures: tuple[Fixture, ...]) -> None:
        folder = self._file.parent
        folder.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".part")
        with partial.open("wb") as file:
            file.write(_FIXTURES.dump_json(fixtures, indent=1))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._file)
        directory = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
