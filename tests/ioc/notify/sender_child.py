"""Sends what waits in a store until it is killed: one lane of the centre, in a process of its own."""

import asyncio
import sys
from pathlib import Path

from ioc.clock import SystemClock
from ioc.notify.channels.outbound import Outbound
from ioc.notify.channels.registry import make_channels
from ioc.notify.sending.lane import Lane
from ioc.notify.settings import Notify
from ioc.store.engine import open_store


async def main(data_dir: Path, settings: Notify, name: str) -> None:
    clock = SystemClock()
    outbound = Outbound(private_hosts=settings.private_hosts, clock=clock)
    channels = make_channels(settings, outbound=outbound, clock=clock, push_key=None)
    async with open_store(data_dir) as store:
        await Lane(channels[name], store=store, clock=clock).run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Notify.model_validate_json(sys.argv[2]), sys.argv[3]))
