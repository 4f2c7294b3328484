"""A simulated HTTP loudspeaker on a thread of its own, and its certificate."""

import asyncio
import queue
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from simulator.loudspeaker.web.device import WebLoudspeaker, WebSettings, run_web

USERNAME, PASSWORD = "loa", "mật khẩu"


class RunningLoudspeaker:
    """Runs until the block ends; `events` holds what it told."""

    def __init__(
        self, kind: Any, record: Path, *, codec: Any = "pcmu", tls: ssl.SSLContext | None = None
    ) -> None:
        self._settings = WebSettings(
            kind=kind,
            host="127.0.0.1",
            port=0,
            record=record,
            username=USERNAME,
            password=PASSWORD,
            codec=codec,
            tls=tls,
        )
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.device: WebLoudspeaker
        self._ready = threading.Event()
        self._stop: asyncio.Event
        self._loop: asyncio.AbstractEventLoop
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    @property
    def url(self) -> str:
        scheme = "https" if self._settings.tls else "http"
        return f"{scheme}://127.0.0.1:{self.device.port}"

    def next_event(self) -> dict[str, Any]:
        return self.events.get(timeout=10)

    async def _run(self) -> None:
        self._stop, self._loop = asyncio.Event(), asyncio.get_running_loop()
        started = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
        async with run_web(self._settings, tell=self.events.put, now=lambda: started) as device:
            self.device = device
            self._ready.set()
            await self._stop.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)


def own_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate as devices make it for themselves, with a name that is not their address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "horn-speaker")])
    now = datetime.now(UTC)  # noqa: TID251 - a certificate is valid now or never
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "device.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "device.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem, folder / "device.key")
    return pem, tls
