"""What every answer and every unsafe request must satisfy, whoever sends it."""

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ioc.web.errors import error_answer

MAX_BODY_BYTES = 64_000
"""No form and no order is longer; read before anybody is known, so it must not fill the memory."""
_FILES = "/static/"
_GATEWAYS = "/gateway/"
_RECORDINGS = re.compile(r"/api/(phrases/[^/]+/)?recordings")
"""Taken piece by piece, from known people only, up to the limit of the settings.

No other path may end like these: its body would be read whole before anybody is known.
"""
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)

_ALWAYS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_HTTPS_ONLY = "max-age=31536000"


def same_origin(headers: Headers, scheme: str) -> bool:
    """Tell whether a request may come from a page of ours.

    Browsers name the origin with every unsafe request; programs name none and carry no cookie that
    a foreign page could borrow, so their CSRF token decides alone.
    """
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "same-origin") == "same-origin"
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme == scheme and parts.netloc == headers.get("host", "")


class Guard:
    """Puts the protective headers on every answer and refuses unsafe requests of foreign pages."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        scheme = str(scope.get("scheme", "http"))

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _protect(MutableHeaders(scope=message), scheme, path=str(scope["path"]))
            await send(message)

        refusal = _refuse_address(scope)
        if refusal is None and scope["method"] not in _SAFE_METHODS:
            refusal = _refuse(scope, scheme)
        if refusal is not None:
            await refusal(scope, receive, send_guarded)
            return
        await self._application(scope, receive, send_guarded)


def _refuse_address(scope: Scope) -> JSONResponse | None:
    """Return why an address is no address: no page, name or id holds the character NUL.

    PostgreSQL cannot even be asked for it.
    """
    if "\0" in str(scope["path"]) or b"%00" in bytes(scope["query_string"]):
        return error_answer("bad_request", status_code=400)
    return None


def _refuse(scope: Scope, scheme: str) -> JSONResponse | None:
    """Return why an unsafe request is not let in; gateways and recordings have their own limits."""
    headers = Headers(scope=scope)
    if not same_origin(headers, scheme):
        return error_answer("forged", status_code=403)
    length = headers.get("content-length", "")
    path = str(scope["path"])
    if path.startswith(_GATEWAYS) or _RECORDINGS.fullmatch(path):
        return None
    if "transfer-encoding" in headers or (length.isdecimal() and int(length) > MAX_BODY_BYTES):
        return error_answer("too_large", status_code=413)
    return None


def _protect(headers: MutableHeaders, scheme: str, *, path: str) -> None:
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    # Our own files may be kept but are asked about each time, so that an update shows at once.
    headers.setdefault("cache-control", "no-cache" if path.startswith(_FILES) else "no-store")
    if scheme == "https":
        headers.setdefault("strict-transport-security", _HTTPS_ONLY)
