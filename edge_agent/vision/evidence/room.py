"""What all cameras of one vision child share for their evidence."""

from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.vision.detector.opinion import SecondLook
from edge_agent.vision.evidence.clips import ClipJobs
from edge_agent.vision.stream.shelf import Shelf


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceRoom:
    """Folders, threads and models that evidence needs; whoever opened it closes it."""

    spool: Path | None = None
    """Where pictures and clips are written; None: none are taken."""
    shelf: Shelf | None = None
    clip_jobs: ClipJobs | None = None
    """None: no clips are made."""
    second_look: SecondLook = field(default_factory=SecondLook)

    def close(self) -> None:
        """Finish the clip at hand and make no more."""
        if self.clip_jobs is not None:
            self.clip_jobs.close()


def open_room(spool: Path, pins: Path) -> EvidenceRoom:
    """Make the folders; `pins` is emptied, because what is pinned does not outlive its child."""
    spool.mkdir(parents=True, exist_ok=True)
    return EvidenceRoom(spool=spool, shelf=Shelf(pins), clip_jobs=ClipJobs())
