"""How fast the centre commits events, and how soon after publishing one a console hears of it.

A real mosquitto, a real `ioc serve` with its files in a temporary folder, and gateways that keep at
most eight batches unacknowledged, as an outbox does. Takes about half a minute.
"""

import argparse
import asyncio
import getpass
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import aiomqtt
import httpx

from contracts.batch import encode_batch
from contracts.codec import decode, encode
from contracts.envelope import Event, encode_event, source_of
from contracts.events import KIND_OF, DeviceDown, DeviceKind, DownReason, EventData, MotionStarted
from contracts.ids import uuid7
from contracts.ranges import last_of
from contracts.state import Ack, Birth, Device
from contracts.topics import Address, Channel

GATEWAYS = 4
BATCH_EVENTS = 64
UNACKED_BATCHES = 8
EVENTS_PER_S_TARGET = 5_000
LATENCY_P50_TARGET_MS = 300
LATENCY_P99_TARGET_MS = 1_000
IOC = [sys.executable, "-m", "ioc"]


class Gateway:
    """One gateway's numbering and connection."""

    def __init__(self, port: int, credentials: dict[str, str]) -> None:
        self.address = Address.of(credentials["site_id"], credentials["gateway_id"])
        self.epoch = str(uuid4())
        self.boot_id = str(uuid4())
        self.sequence = 0
        self.committed = 0
        self._acked = asyncio.Condition()
        self.connection = aiomqtt.Client(
            "127.0.0.1",
            port,
            username=credentials["gateway_id"],
            password=credentials["mqtt_password"],
        )

    def event(self, data: EventData, device_id: str = "cam-1") -> Event:
        """Return the next event, about 400 bytes of JSON."""
        self.sequence += 1
        now = datetime.now(UTC)  # noqa: TID251 - a gateway's clock
        return Event(
            event_id=uuid7(int(now.timestamp() * 1000), os.urandom(10)),
            source=source_of(self.address),
            device_id=device_id,
            kind=KIND_OF[type(data)],
            occurred_at=now,
            observed_at=now,
            boot_id=self.boot_id,
            monotonic_s=time.monotonic(),
            clock_synced=True,
            epoch=self.epoch,
            sequence=self.sequence,
            data=data,
        )

    def batch(self, events: list[Event]) -> tuple[int, bytes]:
        """Return the last sequence of a batch and its payload."""
        rows = [encode_event(event) for event in events]
        sequences = [event.sequence for event in events]
        return sequences[-1], encode_batch(self.epoch, sequences, rows)

    async def be_born(self) -> None:
        """Tell the centre that it is there, with sixty cameras."""
        devices = tuple(
            Device(
                device_id=f"cam-{n}",
                device_kind=DeviceKind.CAMERA,
                name=f"Camera {n}",
                area_id="xa",
            )
            for n in range(60)
        )
        birth = Birth(
            epoch=self.epoch,
            connection_number=1,
            boot_id=self.boot_id,
            agent_version="bench",
            clock_synced=True,
            nonce=str(uuid4()),
            devices=devices,
        )
        topic = self.address.topic_name(Channel.STATE)
        await self.connection.publish(topic, encode(birth), qos=1, retain=True)

    async def publish(self, payload: bytes) -> None:
        """Send one batch on the live lane."""
        topic = self.address.topic_name(Channel.EVENTS_LIVE)
        await self.connection.publish(topic, payload, qos=1)

    async def hear_acks(self) -> None:
        """Follow what the centre has committed."""
        await self.connection.subscribe(self.address.topic_name(Channel.ACK), qos=1)
        async for message in self.connection.messages:
            ack = decode(Ack, bytes(message.payload))
            if ack.epoch == self.epoch:
                async with self._acked:
                    self.committed = max(self.committed, last_of(ack.committed))
                    self._acked.notify_all()

    async def send_all(self, batches: list[tuple[int, bytes]]) -> None:
        """Publish batches as an outbox would, and return when all are committed."""
        for last, payload in batches:
            oldest_allowed = last - UNACKED_BATCHES * BATCH_EVENTS
            await self.wait_until_committed(oldest_allowed)
            await self.publish(payload)
        await self.wait_until_committed(batches[-1][0])

    async def wait_until_committed(self, sequence: int) -> None:
        """Return when the centre has acknowledged up to `sequence`."""
        async with self._acked:
            await self._acked.wait_for(lambda: self.committed >= sequence)


async def measure_throughput(gateways: list[Gateway], events: int) -> float:
    """Return events per second from the first publish to the last acknowledgement."""
    share = events // len(gateways) // BATCH_EVENTS
    work = [[_motion_batch(gateway) for _ in range(share)] for gateway in gateways]
    started_s = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for gateway, batches in zip(gateways, work, strict=True):
            group.create_task(gateway.send_all(batches))
    return share * len(gateways) * BATCH_EVENTS / (time.monotonic() - started_s)


def _motion_batch(gateway: Gateway) -> tuple[int, bytes]:
    motion = MotionStarted(zone="cổng làng", share=0.034)
    return gateway.batch([gateway.event(motion) for _ in range(BATCH_EVENTS)])


async def measure_latency(
    gateway: Gateway, console: httpx.AsyncClient, samples: int
) -> list[float]:
    """Return milliseconds from publishing a camera's fault to its frame at a console."""
    found: list[float] = []
    heard_s: asyncio.Queue[float] = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(listen(console, heard_s))
        await heard_s.get()  # the stream has begun
        for n in range(samples):
            await asyncio.sleep(0.3)  # frames come at most every 250 ms, by design
            while not heard_s.empty():
                heard_s.get_nowait()
            down = DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.STALLED)
            _, payload = gateway.batch([gateway.event(down, f"cam-{n % 60}")])
            started_s = time.monotonic()
            await gateway.publish(payload)
            async with asyncio.timeout(10):
                found.append((await heard_s.get() - started_s) * 1_000)
        listening.cancel()
    return found


async def listen(console: httpx.AsyncClient, heard_s: asyncio.Queue[float]) -> None:
    """Note when the stream began, and when each change was told."""
    async with console.stream("GET", "/events") as stream:
        heard_s.put_nowait(time.monotonic())
        async for line in stream.aiter_lines():
            if line == "event: change":
                heard_s.put_nowait(time.monotonic())


@asynccontextmanager
async def connected(port: int, credentials: list[dict[str, str]]) -> AsyncIterator[list[Gateway]]:
    """Give gateways that are there and hear their acknowledgements."""
    gateways = [Gateway(port, each) for each in credentials]
    async with asyncio.TaskGroup() as group:
        for gateway in gateways:
            await gateway.connection.__aenter__()
            await gateway.be_born()
        tasks = [group.create_task(gateway.hear_acks()) for gateway in gateways]
        yield gateways
        for task in tasks:
            task.cancel()
    for gateway in gateways:
        await gateway.connection.__aexit__(None, None, None)


@contextmanager
def installation() -> Iterator[tuple[int, str, str, list[dict[str, str]]]]:
    """Give broker port, web address, a password, and gateways' credentials of a running centre."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker_port, web_port = free_port(), free_port()
        config = folder / "centre.yaml"
        config.write_text(
            "data_dir: centre\ncommune: {name: Bench}\nareas: [{id: xa, name: Bench}]\n"
            f"web: {{port: {web_port}}}\nbroker: {{port: {broker_port}}}\n"
        )
        _run("init", config=config)
        password = _run("user", "add", "bench", "--role", "operator", "--name", "B", config=config)
        credentials = [
            _run("gateway", "add", f"gw-{n}", "--site", "bench", config=config)
            for n in range(GATEWAYS)
        ]
        with (
            process(mosquitto(folder, broker_port)),
            process([*IOC, "serve", "--config", config]),
        ):
            wait_for(broker_port)
            wait_for(web_port)
            yield broker_port, f"http://127.0.0.1:{web_port}", password["password"], credentials


def mosquitto(folder: Path, port: int) -> list[str | Path]:
    """Return the command of a broker that lets the centre in `folder / centre` and its gateways in."""
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise SystemExit("mosquitto is missing: run `make setup`")
    config = folder / "mosquitto.conf"
    access = folder / "centre" / "broker"
    config.write_text(
        f"user {getpass.getuser()}\nlistener {port} 127.0.0.1\nallow_anonymous false\n"
        f"password_file {access / 'passwords'}\nacl_file {access / 'acl'}\n"
        "max_queued_messages 0\nlog_dest none\n"
    )
    return [program, "-c", config]


def _run(*words: str, config: Path) -> dict[str, str]:
    json_wanted = ["--json"] if words[0] != "init" else []
    done = subprocess.run(
        [*IOC, *words, *json_wanted, "--config", config], check=True, capture_output=True
    )
    return dict(json.loads(done.stdout)) if json_wanted else {}


@contextmanager
def process(command: list[str | Path]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program while the block runs."""
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.terminate()
        running.wait()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(port: int) -> None:
    """Return when something listens on a port."""
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


async def run(events: int, samples: int) -> None:
    """Measure and print."""
    with installation() as (broker_port, address, password, credentials):
        async with (
            connected(broker_port, credentials) as gateways,
            httpx.AsyncClient(base_url=address, timeout=30, follow_redirects=True) as console,
        ):
            origin = {"Origin": address}
            form = {"login": "bench", "password": password}
            (await console.post("/dang-nhap", data=form, headers=origin)).raise_for_status()
            latencies = sorted(await measure_latency(gateways[0], console, samples))
            rate = await measure_throughput(gateways, events)
    report("committed", rate, unit="events/s", target=EVENTS_PER_S_TARGET, at_least=True)
    p50, p99 = statistics.median(latencies), latencies[int(0.99 * len(latencies))]
    report("detection_to_console_p50", p50, unit="ms", target=LATENCY_P50_TARGET_MS)
    report("detection_to_console_p99", p99, unit="ms", target=LATENCY_P99_TARGET_MS)


def report(measure: str, value: float, *, unit: str, target: float, at_least: bool = False) -> None:
    """Print one result."""
    met = value >= target if at_least else value <= target
    line = {"bench": "ingest", "measure": measure, "value": round(value, 1)}
    print(json.dumps({**line, "unit": unit, "target": target, "met": met}), flush=True)


def main() -> None:
    """Read arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=25_600)
    parser.add_argument("--samples", type=int, default=40, help="latencies to measure")
    options = parser.parse_args()
    asyncio.run(run(options.events, options.samples))


if __name__ == "__main__":
    main()
