"""What an installation decides about its daily backup."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class BackupSettings(BaseModel):
    """Where to, when, and how many are kept; without it a centre takes none by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    """On another disk; it must exist, so that a disk which is not mounted is noticed."""
    at: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "02:00"
    """In quotes: YAML takes a bare 02:00 for a number."""
    keep: Annotated[int, Field(ge=2, le=400)] = 7
    """Two at least: while the newest is the only one, a disk that fails takes everything with it."""

    def under(self, base: Path) -> "BackupSettings":
        """Return them with the folder absolute."""
        return self.model_copy(update={"folder": base / self.folder.expanduser()})
