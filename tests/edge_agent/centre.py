"""A small real control centre for the gateway's tests: commits, acknowledges, orders, serves files."""

import asyncio
import base64
import hashlib
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import aiomqtt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contracts.batch import decode_batch
from contracts.codec import encode
from contracts.commands import Clock, Command, addressee_of, key_id_of, kind_of, sign_command
from contracts.envelope import Event, decode_event
from contracts.ranges import merge, of_sequences
from contracts.state import Ack, Birth, CentreState, TelemetryAck, decode_state
from contracts.topics import CENTRE_STATE, EVERY_GATEWAY_UP, Address, Channel, parse_topic_name
from edge_agent.clock import SystemClock

TOKEN = "t0ken-of-the-gateway"


class FakeCentre:
    """Commits to memory; `acknowledging`, `store_id` and the files it serves may be changed."""

    def __init__(self, broker, address: Address) -> None:
        self.broker = broker
        self.address = address
        self.key = Ed25519PrivateKey.generate()
        self.store_id = str(uuid4())
        self.acknowledging = True
        self.answers_births = True
        self.events: list[Event] = []
        self.arrivals: list[tuple[Channel, int]] = []
        self.births: list[Birth] = []
        self.states: list = []
        self.telemetry = []
        self.audio: dict[str, bytes] = {}
        self.evidence: dict[str, bytes] = {}
        self.media_types: dict[str, str] = {}
        self.evidence_answers: list[int] = []
        self.requests: list[tuple[str, str]] = []
        self.url = ""
        self.changed = asyncio.Event()
        self._committed: dict[str, tuple] = {}
        self._telemetry_committed: dict[str, tuple] = {}
        self._number = 0

    @property
    def public_key(self) -> str:
        return base64.b64encode(self.key.public_key().public_bytes_raw()).decode()

    @asynccontextmanager
    async def running(self, *, online: bool = True):
        server = await asyncio.start_server(self._serve_http, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        connection = aiomqtt.Client(
            self.broker.host,
            self.broker.port,
            username=self.broker.username,
            password=self.broker.password,
        )
        async with connection:
            self._connection = connection
            await connection.subscribe(EVERY_GATEWAY_UP, qos=1)
            await self.say_online(online=online)
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(self._listen())
                try:
                    yield self
                finally:
                    listening.cancel()
                    server.close()

    async def say_online(self, *, online: bool) -> None:
        state = CentreState(online=online, instance=str(uuid4()), store_id=self.store_id)
        await self._connection.publish(CENTRE_STATE, encode(state), qos=1, retain=True)

    async def publish(self, channel: Channel, payload: bytes, *, retain: bool = True) -> None:
        topic_name = self.address.topic_name(channel)
        await self._connection.publish(topic_name, payload, qos=1, retain=retain)

    def sign(
        self, data, *, number=None, expires_in_s=60.0, key=None, address=None, **changes
    ) -> bytes:
        self._number += 1
        now = SystemClock().now()
        fields = {
            "command_id": str(uuid4()),
            "addressee": addressee_of(address or self.address),
            "kind": kind_of(data),
            "issued_at": now,
            "expires_at": now + timedelta(seconds=expires_in_s),
            "command_number": number or self._number,
            "data": data,
        }
        command = Command(**{**fields, **changes})
        signing = key or self.key
        key_id = key_id_of(self.key.public_key())
        return sign_command(command, key_id=key_id, key=signing)

    async def order(self, payload: bytes, command_id: str = "x") -> None:
        topic_name = self.address.command_topic_name(command_id)
        await self._connection.publish(topic_name, payload, qos=1)

    async def until(self, condition, timeout_s: float = 10.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    def data(self, model) -> list:
        return [event.data for event in self.events if isinstance(event.data, model)]

    async def acknowledge(self, epoch: str, **changes) -> None:
        telemetry = TelemetryAck(epoch=epoch, committed=self._telemetry_committed.get(epoch, ()))
        ack = Ack(
            store_id=self.store_id,
            epoch=epoch,
            committed=self._committed.get(epoch, ()),
            telemetry=telemetry,
        )
        await self.publish(Channel.ACK, encode(ack.model_copy(update=changes)))

    async def _listen(self) -> None:
        async for arrival in self._connection.messages:
            _, channel, _ = parse_topic_name(str(arrival.topic))
            await self._take(channel, bytes(arrival.payload))
            self.changed.set()

    async def _take(self, channel: Channel, payload: bytes) -> None:
        if channel is Channel.STATE:
            state = decode_state(payload)
            self.states.append(state)
            if isinstance(state, Birth):
                self.births.append(state)
                if self.answers_births:
                    told = Clock(nonce=state.nonce, centre_time=SystemClock().now())
                    await self.order(self.sign(told), "clock")
            return
        batch = decode_batch(payload)
        if channel is Channel.TELEMETRY:
            self.telemetry += batch.rows
            self._count(self._telemetry_committed, batch)
        else:
            known = {event.event_id for event in self.events}
            for event in map(decode_event, batch.rows):
                self.arrivals.append((channel, event.sequence))
                if event.event_id not in known:
                    self.events.append(event)
            self._count(self._committed, batch)
        if self.acknowledging:
            await self.acknowledge(batch.epoch)

    @staticmethod
    def _count(committed, batch) -> None:
        ranges = (*committed.get(batch.epoch, ()), *of_sequences(batch.sequences))
        committed[batch.epoch] = merge(ranges)

    async def _serve_http(self, reader, writer) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, path, _ = head.split("\r\n", 1)[0].split(" ")
            headers = {
                name.lower(): value
                for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])
            }
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            status, answer = self._answer_http(method, path, headers, body)
            self.requests.append((method, path))
            self.changed.set()
            length = f"content-length: {len(answer)}\r\nconnection: close\r\n\r\n"
            writer.write(f"HTTP/1.1 {status} X\r\n{length}".encode() + answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _answer_http(self, method, path, headers, body) -> tuple[int, bytes]:
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, b""
        sha256 = path.rsplit("/", 1)[1]
        if method == "GET":
            return (200, self.audio[sha256]) if sha256 in self.audio else (404, b"")
        if self.evidence_answers:
            return self.evidence_answers.pop(0), b""
        assert hashlib.sha256(body).hexdigest() == sha256
        self.evidence[sha256] = body
        self.media_types[sha256] = headers["content-type"]
        return 204, b""
