"""From a text that somebody has typed to the first packet at a loudspeaker: real programs only."""

import time
from pathlib import Path

import numpy as np

from sound.receivers import Receivers
from tests.scenarios.children import eventually
from tests.scenarios.commune import AREA, GATEWAY, Commune


def typed_to_sound_s(folder: Path, *, times: int) -> list[float]:
    """Seconds from the request to speak until the first packet, each time with another text."""
    with Commune(folder) as commune, Receivers(1) as receivers:
        _found(commune, receivers.ports[0])
        head = commune.sign_in("truong")
        eventually(lambda: head.get("/api/loudspeakers"), within_s=60, what="the loudspeaker")
        return [_once(head, receivers, number) for number in range(times)]


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return float(np.percentile(values, 95))


def _found(commune: Commune, port: int) -> None:
    commune.found()
    commune.broker.start()
    commune.start_centre()
    commune.plan.loudspeakers.append(
        {
            "id": "loa",
            "name": "Loa",
            "area": AREA,
            "driver": "rtp_multicast",
            "address": "127.0.0.1",
            "port": port,
        }
    )
    commune.start_agent()


def _once(head, receivers: Receivers, number: int) -> float:  # type: ignore[no-untyped-def] # noqa: ANN001
    heard = receivers.arrivals_s[0]
    before = len(heard)
    typed_s = time.time()  # noqa: TID251 - compared with the kernel's wall clock
    spoken = head.speak(f"Mời bà con họp lúc {number % 12 + 7} giờ.", [(GATEWAY, "loa")])
    eventually(lambda: len(heard) > before, within_s=30, what="a sound", every_s=0.01)
    head.wait_until_proven(spoken["broadcast_id"], within_s=60)
    time.sleep(0.3)
    return heard[before] - typed_s
