"""The OpenAPI document says everything of the interface, and every request is bounded."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import BaseRoute

from ioc.web.openapi import EXCLUDED
from ioc.web.openapi.document import operations

Schema = dict[str, Any]
PROBLEM = {"$ref": "#/components/schemas/Problem"}


@pytest.fixture
async def document(site) -> Schema:
    return site.application.openapi()


async def test_every_route_for_programs_is_in_the_document(site, document):
    """What is left out is named with its reason."""
    unknown = []
    for path in _addresses(site.application.routes):
        for_programs = path.startswith(("/api/", "/gateway/", "/events"))
        if for_programs and path not in document["paths"] and path not in EXCLUDED:
            unknown.append(path)
    assert unknown == []
    assert all(path not in document["paths"] for path in EXCLUDED)
    assert len(document["paths"]) > 50


async def test_every_operation_has_a_name_words_and_declared_refusals(document):
    """One shape for all that can go wrong; changes need the cookie and the header together."""
    names = Counter(operation["operationId"] for _, _, operation in operations(document))
    assert names.most_common(1)[0][1] == 1
    for path, method, operation in operations(document):
        assert operation["description"], path
        assert {"400", "401", "403", "422", "503"} <= operation["responses"].keys(), path
        for code, answer in operation["responses"].items():
            if code >= "400" and code != "416":
                assert answer["content"]["application/json"]["schema"] == PROBLEM, path
        (needed,) = operation["security"]
        by_gateway, changes = path.startswith("/gateway/"), method != "get"
        expected = {"gateway"} if by_gateway else {"session", "csrf"} if changes else {"session"}
        assert needed.keys() == expected, path
        (good,) = (each for code, each in operation["responses"].items() if code in GOOD)
        assert good.get("content") or operation["responses"].keys() & {"204"}, path


GOOD = ("200", "201", "204")


async def test_every_value_of_a_request_is_bounded(document):
    """No text without an end or with NUL, no number without limits: neither database takes them."""
    loose = []
    for path, method, operation in operations(document):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        values = {each["name"]: each["schema"] for each in operation.get("parameters", ())}
        values |= {"body": body["schema"]} if body else {}
        for name, schema in values.items():
            found = _loose(schema, name, document["components"]["schemas"])
            loose.extend(f"{method} {path}: {where}" for where in found)
    assert loose == []


async def test_only_who_builds_on_it_reads_the_document(site):
    """Administrators and technicians; it tells others how the centre is built."""
    async with site.sign_in("kythuat") as browser:
        answer = await browser.get("/api/openapi.json")
        assert answer.json()["openapi"].startswith("3.")
    async with site.sign_in("truc") as browser:
        assert (await browser.get("/api/openapi.json")).status_code == 403
    async with site.visitor() as http:
        assert (await http.get("/api/openapi.json")).status_code == 401


def _addresses(routes: list[BaseRoute]) -> Iterator[str]:
    for route in routes:
        inner = getattr(getattr(route, "original_router", None), "routes", None)
        if inner:
            yield from _addresses(inner)
        elif path := getattr(route, "path", None):
            yield path


def _loose(schema: Schema, where: str, known: dict[str, Schema]) -> Iterator[str]:
    """Give the parts of a request's value that anything fits."""
    if reference := schema.get("$ref"):
        schema = known[reference.rpartition("/")[2]]
    for alternative in schema.get("anyOf", ()):
        yield from _loose(alternative, where, known)
    kind = schema.get("type")
    if kind in _OPEN and _OPEN[kind](schema):
        yield where
    if kind == "array":
        yield from _loose(schema["items"], f"{where}[]", known)
    if kind == "object":
        parts = {f".{name}": value for name, value in schema.get("properties", {}).items()}
        if others := schema.get("additionalProperties"):
            parts[".*"] = others
        for name, value in parts.items():
            yield from _loose(value, where + name, known)


def _open_text(schema: Schema) -> bool:
    if schema.keys() & {"enum", "const"} or schema.get("format") == "date-time":
        return False
    pattern = schema.get("pattern", "*")
    return "pattern" not in schema or (bool(set("*+") & set(pattern)) and "maxLength" not in schema)


def _open_number(schema: Schema) -> bool:
    least = schema.keys() & {"minimum", "exclusiveMinimum"}
    greatest = schema.keys() & {"maximum", "exclusiveMaximum"}
    return not (least and greatest)


def _open_object(schema: Schema) -> bool:
    return schema.get("additionalProperties", True) is not False and "maxProperties" not in schema


_OPEN = {
    "string": _open_text,
    "integer": _open_number,
    "number": _open_number,
    "array": lambda schema: "maxItems" not in schema,
    "object": _open_object,
}
