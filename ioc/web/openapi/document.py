"""Completes what FastAPI says of our routes: refusals, who may call, what proves it; pure.

FastAPI knows parameters, bodies and answers. It does not know that every refusal has one shape, nor
that a change needs the cookie and the header together.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from ioc.web.api.shapes import Problem

EXCLUDED = {
    "/events": "server-sent events without an end: a document of requests and answers cannot say"
    " them; described in docs/api.md",
}
"""Addresses for programs that the document leaves out, and why."""

_REFERENCE = "#/components/schemas/{model}"
_WHY = {
    "400": "The request cannot be read: not HTTP, not JSON, or the character NUL in its address.",
    "401": "Nobody is signed in, or the bearer token is unknown.",
    "403": "The person may not do this, or the request did not come from a page of ours.",
    "404": "It does not exist, or not for this person.",
    "408": "The body came too slowly; send it again.",
    "409": "It cannot be done as things stand now.",
    "413": "The body is too long.",
    "422": "A value is missing or wrong; `where` names it.",
    "503": "Something the centre depends on does not answer; nothing has changed. Try again.",
}
_ALWAYS = ("400", "401", "403", "422", "503")
_ABOUT_ONE = ("404",)
_CHANGES = ("404", "409", "413")
_LONG_BODY = ("408",)

_About = dict[str, Any]


def describe(*, title: str, version: str, routes: Sequence[BaseRoute]) -> _About:
    """Return the document of the routes that are in the schema."""
    document: _About = get_openapi(title=title, version=version, routes=routes)
    document["info"]["description"] = (
        "Sign in at `/dang-nhap` (form fields `login`, `password`) and keep the cookie. Changes"
        " also carry `csrf_token` of `GET /api/me` as the header X-CSRF-Token."
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas.update(_problem())
    for path, method, operation in operations(document):
        _require_all(operation)
        for code in _refusals(path, method, operation):
            operation["responses"][code] = _refusal(code)
        operation["responses"] = dict(sorted(operation["responses"].items()))
    return document


def operations(document: _About) -> Iterator[tuple[str, str, _About]]:
    """Give every operation with its path and its method."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _refusals(path: str, method: str, operation: _About) -> Iterator[str]:
    yield from _ALWAYS
    named = any(each["name"].endswith("_id") for each in operation.get("parameters", ()))
    if method != "get":
        yield from _CHANGES
    elif named or "{" in path:
        yield from _ABOUT_ONE
    body = operation.get("requestBody", {}).get("content", {})
    if body and "application/json" not in body:
        yield from _LONG_BODY


def _require_all(operation: _About) -> None:
    """Say that the schemes are needed together; FastAPI lists them as alternatives."""
    together: _About = {}
    for scheme in operation.get("security", ()):
        together |= scheme
    if together:
        operation["security"] = [together]


def _refusal(code: str) -> _About:
    reference = {"$ref": _REFERENCE.format(model=Problem.__name__)}
    return {"description": _WHY[code], "content": {"application/json": {"schema": reference}}}


def _problem() -> _About:
    schema = Problem.model_json_schema(ref_template=_REFERENCE, mode="serialization")
    return {**schema.pop("$defs"), Problem.__name__: schema}
