"""What gateways fetch and deliver over HTTP: audio by hash, evidence by hash.

A gateway proves itself with its bearer token and gets only what a command names, and delivers only
what a committed event of its own announced.
"""

import asyncio
import hashlib
import hmac
import ipaddress
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from sqlalchemy import select
from starlette.requests import ClientDisconnect
from typing_extensions import override

from ioc.evidence import (
    Announced,
    EvidenceRefused,
    NotAClip,
    NotAnnounced,
    NotAPicture,
    TooLarge,
    WrongHash,
)
from ioc.store.engine import Store
from ioc.store.tables import gateways
from ioc.web.api.shapes import Sha256Text
from ioc.web.openapi.bodies import gives_file, takes_file

if TYPE_CHECKING:
    from ioc.centre import Centre

Sha256 = Annotated[Sha256Text, Path()]
_BEARER = HTTPBearer(
    scheme_name="gateway",
    description="Given to the gateway when it was enrolled.",
    auto_error=False,
)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How slowly a body may come; a gateway may be held to 16 kbit/s, in pieces of 64 kB."""

    silence_s: float = 120.0
    """Without a single byte."""
    least_bytes_per_s: float = 1_000.0
    """On average, after the first `silence_s`."""


class GatewayRefused(Exception):
    """A gateway's request is refused; its technician must look into it."""

    def __init__(self, status_code: int, code: str, sentence: str) -> None:
        """Keep what the answer says."""
        self.status_code = status_code
        self.code = code
        self.sentence = sentence
        super().__init__(f"{status_code} {code}: {sentence}")


class _GatewayRoute(APIRoute):
    """A route that answers refusals to a program, not to a person."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        serve = super().get_route_handler()

        async def serve_or_refuse(request: Request) -> Response:
            try:
                return await serve(request)
            except GatewayRefused as refused:
                return _answer(refused)

        return serve_or_refuse


def _answer(refused: GatewayRefused) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if refused.status_code == 401 else {}
    body = {"error": {"code": refused.code, "en": refused.sentence}}
    return JSONResponse(body, status_code=refused.status_code, headers=headers)


def create_gateway_router(centre: "Centre", *, patience: Patience | None = None) -> APIRouter:
    """Return the routes under `/gateway`; they answer their refusals themselves."""
    waits = patience or Patience()
    router = APIRouter(prefix="/gateway", tags=["gateway"], route_class=_GatewayRoute)

    async def authenticated(request: Request, _token: Annotated[object, Depends(_BEARER)]) -> str:
        _require_private_line(request)
        return await _gateway_of(centre.store, request)

    gateway = Annotated[str, Depends(authenticated)]

    @router.put(
        "/evidence/{sha256}",
        status_code=204,
        openapi_extra=takes_file("image/jpeg", "video/mp4"),
    )
    async def deliver_evidence(request: Request, sha256: Sha256, gateway_id: gateway) -> Response:
        """Take a JPEG picture or an MP4 clip that an event of this gateway announced."""
        announced = await centre.evidence.announced(gateway_id, sha256)
        if announced is None:
            raise _not_announced()
        _check_declared_length(request, announced)
        body = _timely(request, waits, size_bytes=announced.size_bytes)
        await _keep(centre, gateway_id, sha256, body)
        return Response(status_code=204)

    @router.get(
        "/audio/{sha256}",
        response_class=FileResponse,
        responses=gives_file("audio/ogg", description="The announcement."),
    )
    async def fetch_audio(sha256: Sha256, gateway_id: gateway) -> FileResponse:
        """Give the announcement that a command to this gateway names."""
        path = await centre.station.audio_for_gateway(gateway_id, sha256)
        if path is None:
            raise GatewayRefused(404, "not_ordered", "no command to this gateway names this audio")
        return FileResponse(path, media_type="audio/ogg")

    return router


async def _keep(centre: "Centre", gateway_id: str, sha256: str, body: AsyncIterator[bytes]) -> None:
    try:
        await centre.evidence.accept(gateway_id, sha256, body)
    except EvidenceRefused as error:
        raise _refusal_of(error) from error


def _refusal_of(error: EvidenceRefused) -> GatewayRefused:
    match error:
        case NotAnnounced():
            return _not_announced()
        case TooLarge():
            return GatewayRefused(413, "too_large", str(error))
        case WrongHash():
            return GatewayRefused(422, "wrong_hash", str(error))
        case NotAPicture():
            return GatewayRefused(422, "not_a_picture", str(error))
        case NotAClip():
            return GatewayRefused(422, "not_a_clip", str(error))
        case _:
            return GatewayRefused(422, "refused", str(error))


def _check_declared_length(request: Request, announced: Announced) -> None:
    declared = request.headers.get("content-length", "0")
    try:
        announced.check_length(int(declared) if declared.isdecimal() else 0)
    except EvidenceRefused as error:
        raise _refusal_of(error) from error


async def _timely(request: Request, patience: Patience, *, size_bytes: int) -> AsyncIterator[bytes]:
    """Give the body as it comes; a sender that trickles or falls silent holds nothing for long."""
    begun_s = time.monotonic()
    whole_s = patience.silence_s + size_bytes / patience.least_bytes_per_s
    stream = request.stream()
    while True:
        left_s = begun_s + whole_s - time.monotonic()
        try:
            async with asyncio.timeout(min(patience.silence_s, left_s)):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise GatewayRefused(
                408, "too_slow", "the body came too slowly; send it again"
            ) from error
        except ClientDisconnect as error:
            raise GatewayRefused(
                400, "incomplete", "the connection ended within the body"
            ) from error
        yield chunk


async def _gateway_of(store: Store, request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    claimed = hashlib.sha256(token.strip().encode()).hexdigest()
    async with store.read() as connection:
        rows = await connection.execute(select(gateways.c.gateway_id, gateways.c.token_sha256))
        known = [(row.gateway_id, row.token_sha256) for row in rows]
    # Every row is compared, so that the time taken tells nothing about which one fits.
    fitting = [gateway_id for gateway_id, sha in known if hmac.compare_digest(sha, claimed)]
    if scheme.lower() != "bearer" or not fitting:
        raise GatewayRefused(401, "unknown_token", "no gateway has this bearer token")
    return str(fitting[0])


def _require_private_line(request: Request) -> None:
    if request.url.scheme == "https":
        return
    peer = request.client.host if request.client else ""
    try:
        loopback = ipaddress.ip_address(peer).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise GatewayRefused(403, "https_required", "a token must not travel over plain HTTP")


def _not_announced() -> GatewayRefused:
    return GatewayRefused(
        404, "not_announced", "no committed event of this gateway announces this file (yet)"
    )
