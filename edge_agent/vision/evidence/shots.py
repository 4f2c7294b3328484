"""Evidence pictures: found in the rings or in what is held of them, masked and written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from edge_agent.vision.evidence.pins import Hold, better
from edge_agent.vision.evidence.spool import store
from edge_agent.vision.findings import Picture, PictureRole
from edge_agent.vision.lookback import Stock
from edge_agent.vision.orders import Polygon
from edge_agent.vision.picture.plane import Pixels
from edge_agent.vision.stream.codec import (
    StreamFormat,
    encode_jpeg,
    masked_image,
    picture_at,
    within_reach,
)
from edge_agent.vision.stream.packet import Packet

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """A picture that can be decoded, even if the ring moves on meanwhile."""

    role: PictureRole
    at_s: float
    form: StreamFormat
    packets: tuple[Packet, ...]


class ShotTaker:
    """Takes the evidence pictures of one camera, of the main stream where it reaches back."""

    def __init__(
        self,
        camera_id: str,
        own: Stock,
        *,
        spool: Path | None,
        masks: Sequence[Polygon],
        main: Callable[[], Stock | None],
    ) -> None:
        """Prepare; without `spool` no pictures are taken. `main` gives the main stream's stock."""
        self._camera_id = camera_id
        self._own = own
        self._spool = spool
        self._masks = masks
        self._main = main

    def hold(self, begin_s: float, end_s: float) -> Hold:
        """Keep an interval of both streams, which may lie in the future, until it is released."""
        return Hold(self._own, self._main(), begin_s=begin_s, end_s=end_s)

    def shot(self, role: PictureRole, at_s: float, *, held: Hold | None = None) -> Shot:
        """Take what shows the instant out of the rings, or of what is held; decode nothing yet."""
        own, main = (held.own, held.main) if held else (self._own, self._main())
        stock = better(own, main, at_s, at_s)
        packets = stock.ring.cut(at_s, at_s)
        if stock is not own and not within_reach(stock.form, packets, at_s):
            stock, packets = own, own.ring.cut(at_s, at_s)
        return Shot(role=role, at_s=at_s, form=stock.form, packets=packets)

    def look(self, shot: Shot) -> Pixels | None:
        """Return the masked picture, (height, width, 3) BGR; None if it cannot be decoded."""
        try:
            frame, _ = picture_at(shot.form, shot.packets, shot.at_s)
        except LookupError:
            return None
        return masked_image(frame, self._masks)

    def take(self, shots: Sequence[Shot]) -> tuple[Picture, ...]:
        """Decode, mask and write pictures; one that fails is logged and left out."""
        if self._spool is None:
            return ()
        taken: list[Picture] = []
        for shot in shots:
            try:
                frame, shown_s = picture_at(shot.form, shot.packets, shot.at_s)
                jpeg = encode_jpeg(frame, shown_s, self._masks)
                taken.append(store(self._spool, jpeg, shot.role))
            except (LookupError, OSError) as error:
                _log.error(
                    "picture_lost", camera_id=self._camera_id, role=shot.role, why=str(error)
                )
        return tuple(taken)
