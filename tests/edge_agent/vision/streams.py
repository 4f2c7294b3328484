"""A recorded stream that one watch or two see, one after the other."""

from pathlib import Path
from typing import Any

from edge_agent.vision.analysis import Analysis
from edge_agent.vision.evidence.room import EvidenceRoom, open_room
from edge_agent.vision.findings import (
    AnyFinding,
)
from edge_agent.vision.handover import Handover
from edge_agent.vision.lookback import Stock
from edge_agent.vision.orders import Watch
from edge_agent.vision.stream.ring import PacketRing
from tests.edge_agent.vision.footage_maker import read_packets, shifted


class Stream:
    """A recorded stream that one watch or two see, and what the last one said."""

    def __init__(self, clip: Path, folder: Path | None = None) -> None:
        self.form, self.packets = read_packets(clip)
        self.room = open_room(folder, folder / "pins") if folder else EvidenceRoom()
        self.said: list[AnyFinding] = []

    def see(
        self,
        order: Watch,
        from_s: float,
        until_s: float,
        *,
        inherited: Handover | None = None,
        orders: tuple[Any, ...] = (),
        broken_off: bool = False,
    ) -> Handover:
        """Watch it for a while and return what the watch leaves."""
        self.ring = ring = PacketRing(max_s=60, max_bytes=8_000_000, shelf=self.room.shelf)
        analysis = Analysis(order, Stock(form=self.form, ring=ring), room=self.room)
        if inherited is not None:
            analysis.inherit(inherited, max(from_s, inherited.last_s))
        self.said = []
        for packet in self.packets:
            if from_s <= packet.t_s < until_s:
                self.said += analysis.feed(packet)
        for one in orders:
            self.said += analysis.obey(one)
        if not broken_off:
            self.said += analysis.finish()
        left = analysis.hand_over()
        self.said += analysis.finish_clips(wait_s=20)
        assert left is not None
        return left

    def append(self, clip: Path) -> None:
        """Let the stream go on with another clip."""
        _, packets = read_packets(clip)
        ahead_s = self.packets[-1].t_s + 0.2 - packets[0].t_s
        self.packets += shifted(packets, ahead_s, base=self.form.time_base)

    def of(self, kind: type) -> list[Any]:
        return [finding for finding in self.said if isinstance(finding, kind)]
