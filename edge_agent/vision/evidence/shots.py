"""Evidence pictures: found in the rings or in what is held of them, masked and written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_agent.vision.evidence.losses import Losses
from edge_agent.vision.evidence.pins import LAG_S, Hold, better
from edge_agent.vision.evidence.spool import store
from edge_agent.vision.findings import Picture, PictureRole
from edge_agent.vision.lookback import Stock
from edge_agent.vision.orders import Polygon
from edge_agent.vision.picture.plane import Pixels
from edge_agent.vision.stream.codec import (
    Still,
    StreamFormat,
    encode_jpeg,
    masked_image,
    picture_at,
)
from edge_agent.vision.stream.packet import Packet


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """What one stream shows of an instant, even if its ring moves on meanwhile."""

    form: StreamFormat
    packets: tuple[Packet, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """A picture that is still to be decoded."""

    role: PictureRole
    at_s: float
    cuts: tuple[Cut, ...]
    """Of the best stream first."""


class ShotTaker:
    """Takes the evidence pictures of one camera, of the main stream where it reaches back.

    What cannot be decoded of the main stream is taken of the other one.
    """

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
        self._own = own
        self._spool = spool
        self._masks = masks
        self._main = main
        self.losses = Losses(camera_id)
        """Pictures that could not be taken."""

    def hold(self, begin_s: float, end_s: float) -> Hold:
        """Keep an interval of both streams, which may lie in the future, until it is released."""
        return Hold(self._own, self._main(), begin_s=begin_s, end_s=end_s)

    def shot(self, role: PictureRole, at_s: float, *, held: Hold | None = None) -> Shot:
        """Take what shows the instant out of the rings, or of what is held; decode nothing yet."""
        own, main = (held.own, held.main) if held else (self._own, self._main())
        best = better(own, main, at_s, at_s)
        packets = best.ring.cut(at_s, at_s)
        # Where nothing reaches back so far, the oldest picture is the one.
        at_s = max(at_s, packets[0].t_s) if packets else at_s
        cuts = [Cut(form=best.form, packets=packets)]
        if best is not own:
            cuts.append(Cut(form=own.form, packets=own.ring.cut(at_s, at_s)))
        return Shot(role=role, at_s=at_s, cuts=tuple(cuts))

    def look(self, shot: Shot) -> Pixels | None:
        """Return the masked picture, (height, width, 3) BGR; None if it cannot be decoded."""
        try:
            still = _decode(shot)
        except LookupError:
            return None
        return masked_image(still.frame, self._masks)

    def take(self, shots: Sequence[Shot], *, of: str = "") -> tuple[Picture, ...]:
        """Decode, mask and write pictures of an object; one that fails is a loss and left out."""
        if self._spool is None:
            return ()
        taken: list[Picture] = []
        for shot in shots:
            try:
                still = _decode(shot)
                jpeg = encode_jpeg(still.frame, still.t_s, self._masks)
                taken.append(store(self._spool, jpeg, shot.role))
            except (LookupError, OSError) as error:
                held = any(cut.packets for cut in shot.cuts)
                why = str(error) if held else self._own.ring.lack or str(error)
                self.losses.note(of, shot.role, why)
        return tuple(taken)


def _decode(shot: Shot) -> Still:
    """Return the picture of the first stream that still shows the instant as a whole.

    Raises:
        LookupError: nothing of them can be decoded.
    """
    stills: list[Still] = []
    why = LookupError("nothing is held of it")
    for cut in shot.cuts:
        try:
            still = picture_at(cut.form, cut.packets, shot.at_s)
        except LookupError as error:
            why = error
            continue
        if not still.torn and abs(still.t_s - shot.at_s) <= LAG_S:
            return still
        stills.append(still)
    if not stills:
        raise why
    return min(stills, key=lambda one: (one.torn, abs(one.t_s - shot.at_s)))
