"""Which pictures and clips of one camera could not be made, until that is said."""

from edge_agent.vision.findings import EvidenceKind, EvidenceMissed


class Losses:
    """Those of pictures, or of clips. Used from one thread."""

    def __init__(self, camera_id: str) -> None:
        self._camera_id = camera_id
        self._untold: list[tuple[str, EvidenceKind, str]] = []

    def note(self, object_id: str, what: EvidenceKind, why: str) -> None:
        """Remember one; without an object, it was to show the camera's condition."""
        self._untold.append((object_id, what, why))

    def tell(self, now_s: float) -> list[EvidenceMissed]:
        """Return what is to be said of those that have not been told."""
        untold, self._untold = self._untold, []
        return [
            EvidenceMissed(
                camera_id=self._camera_id, at_s=now_s, object_id=object_id, what=what, why=why
            )
            for object_id, what, why in untold
        ]
