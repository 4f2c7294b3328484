"""Takes over a renewed TLS certificate for new connections, without a restart."""

import ssl

import structlog

from ioc.clock import Clock
from ioc.settings import Web

LOOK_EVERY_S = 60.0

_log = structlog.get_logger(__name__)


async def follow_certificate(web: Web, context: ssl.SSLContext | None, *, clock: Clock) -> None:
    """Look for ever whether the certificate's file has changed; load it into `context` if so.

    A certificate whose key has not come yet is tried again at the next look.
    """
    certificate, key = web.tls_certificate, web.tls_key
    while context is None or certificate is None or key is None:
        await clock.sleep(3_600.0)
    known = certificate.stat().st_mtime_ns
    while True:
        await clock.sleep(LOOK_EVERY_S)
        try:
            current = certificate.stat().st_mtime_ns
            if current == known:
                continue
            context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            _log.warning("web.certificate_unusable", error=str(error))
        else:
            known = current
            _log.info("web.certificate_renewed")
