"""HTTPS: served with the certificate of the settings, and with a renewed one without a restart."""

import asyncio
import os
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from structlog.testing import capture_logs

from ioc.certificate import follow_certificate
from ioc.settings import Web

START = datetime(2026, 1, 1, tzinfo=UTC)


def issue(folder: Path, name: str, *, changed_at: int) -> Web:
    """Write a certificate of its own for 127.0.0.1; return settings that name it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=36_500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, SHA256())
    )
    web = Web(host="0.0.0.0", tls_certificate=folder / "tls.crt", tls_key=folder / "tls.key")
    web.tls_key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    web.tls_certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    os.utime(web.tls_certificate, (changed_at, changed_at))
    return web


async def presented(port: int) -> str:
    """Return the name in the certificate that a server presents."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    body = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    (name,) = x509.load_der_x509_certificate(body).subject
    return str(name.value)


async def test_a_renewed_certificate_is_presented_to_new_connections(tmp_path, clock):
    """Half-written files are tried again a minute later."""
    web = issue(tmp_path, "first", changed_at=1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(web.tls_certificate, web.tls_key)

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server, asyncio.TaskGroup() as group:
        following = group.create_task(follow_certificate(web, context, clock=clock))
        await clock.elapse(61)
        assert await presented(port) == "first"
        web.tls_certificate.write_text("half")
        with capture_logs() as logs:
            await clock.elapse(60)
        assert [line["event"] for line in logs] == ["web.certificate_unusable"]
        assert await presented(port) == "first"
        issue(tmp_path, "second", changed_at=3)
        await clock.elapse(60)
        assert await presented(port) == "second"
        following.cancel()
