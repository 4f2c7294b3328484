"""A player, its pacer and its loudspeakers on a clock that the test moves."""

from dataclasses import dataclass, field

import numpy as np

from drivers.loudspeaker import Unreachable
from edge_agent.playout.decoding.decoder import Decoded
from edge_agent.playout.material.relays import Relays
from edge_agent.playout.messages import ORDER, Progress
from edge_agent.playout.pacing.pacer import Pacer
from edge_agent.playout.player import Player

BEAT_S = 0.02
RATE_HZ = 8000
RISE = 500
"""What each broadcast's samples are higher than the one's before."""


@dataclass
class Device:
    """A loudspeaker that takes a while to get ready and may break for a while."""

    world: "World"
    ready_after_s: float = 0.0
    broken: tuple[float, float] = (-1.0, -1.0)
    error: type[Exception] = Unreachable
    sample_rate_hz: int = RATE_HZ
    frame_samples: int = 160
    heard: list[tuple[float, int]] = field(default_factory=list)
    first_s: float | None = None
    prepared_at_s: float | None = None
    prepares: int = 0
    finishes: int = 0
    edges: list[int] = field(default_factory=list)

    def fail(self):
        if self.broken[0] <= self.world.now_s < self.broken[1]:
            self.prepared_at_s = None
            raise self.error("the loudspeaker is out of order")

    def prepare(self):
        self.prepares += 1
        if self.prepared_at_s is None:
            self.prepared_at_s = self.world.now_s

    @property
    def is_ready(self):
        self.fail()
        prepared = self.prepared_at_s is not None
        return prepared and self.world.now_s >= self.prepared_at_s + self.ready_after_s

    def begin(self, *, silent_s=0.0):
        pass

    def send(self, frame):
        self.fail()
        assert self.is_ready, "a frame came before the loudspeaker was ready"
        assert len(frame) == self.frame_samples
        self.heard.append((self.world.now_s, int(np.max(frame))))
        self.edges += [int(frame[0]), int(frame[-1])]

    def finish(self):
        self.finishes += 1
        self.prepared_at_s = None

    def close(self):
        pass


class World:
    """A player on a clock that the test moves, one beat after the other."""

    def __init__(self, devices=("loa",)):
        self.now_s = 100.0
        self.inputs, self.reports, self.levels = [], [], {}
        self.devices = {name: Device(self) for name in devices}
        self.pacer = Pacer(self.inputs.append, monotonic_s=lambda: self.now_s)
        self.player = Player(
            pacer=self.pacer,
            decoder=self,
            relays=Relays(self.inputs.append),
            report=self.reports.append,
            open_sink=lambda sink, _: self.devices[sink.address.removeprefix("127.0.0.")],
        )

    def install(self, **volumes):
        self.devices = {str(n): d for n, d in enumerate(self.devices.values(), 1)}
        for name in self.devices:
            sink = {"driver": "rtp_multicast", "address": f"127.0.0.{name}", "port": 9}
            self.order(do="install", loudspeaker_id=name, sink=sink, **volumes)
        return self

    def order(self, **fields):
        self.inputs.append(ORDER.validate_python(fields))

    def play(self, broadcast_id, on="1", *, seconds=1.0, priority="routine", **more):
        level = self.levels.setdefault(broadcast_id, RISE * (len(self.levels) + 1))
        self.order(
            do="play",
            broadcast_id=broadcast_id,
            loudspeaker_id=on,
            audio_path=f"{level}-{seconds}",
            priority=priority,
            **more,
        )

    def decode(self, key):
        level, seconds = (float(part) for part in key.path.name.split("-"))
        samples = np.full(round(seconds * RATE_HZ), level, dtype=np.int16)
        self.inputs.append(Decoded(key=key, samples=samples))

    def step(self, seconds=BEAT_S):
        for _ in range(round(seconds / BEAT_S)):
            while self.inputs:
                items, self.inputs[:] = list(self.inputs), []
                for item in items:
                    self.player.take(item, now_s=self.now_s)
                self.player.advance(now_s=self.now_s)
            self.player.advance(now_s=self.now_s)
            self.pacer.beat(self.now_s)
            self.now_s += BEAT_S
        return self

    def progress(self, broadcast_id, on="1"):
        return [
            report
            for report in self.reports
            if isinstance(report, Progress)
            and (report.broadcast_id, report.loudspeaker_id) == (broadcast_id, on)
        ]

    def states(self, broadcast_id, on="1"):
        return [report.state for report in self.progress(broadcast_id, on)]

    def heard_s(self, broadcast_id, on="1"):
        """Seconds in which a frame of it was at its full height."""
        level = self.levels[broadcast_id]
        return sum(height == level for _, height in self.devices[on].heard) * BEAT_S
