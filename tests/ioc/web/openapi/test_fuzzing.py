"""Whatever a program sends, the centre answers as its OpenAPI document says, and never fails."""

import pytest

from ioc.web.openapi.document import operations
from tests.ioc.web.openapi.furnished import serve_village
from tests.ioc.web.openapi.fuzzing import Effort, fuzz


@pytest.mark.timeout(240)
async def test_no_request_is_answered_but_as_documented(tmp_path, clock, postgres):
    """As administrator and as operator of one hamlet: no failure, no surprise."""
    url = postgres.new_database()
    async with serve_village(tmp_path, clock, database_url=url) as served:
        for login, examples in (("trucnalay", 1), ("quantri", 2)):
            async with served.caller(login) as caller:
                outcome = await fuzz(served, caller, tmp_path, Effort(examples=examples))
            assert outcome.passed, outcome.report


async def test_nobody_may_do_anything(site):
    """Whoever has not signed in is asked to, before anything it asks for is looked at."""
    answers = {}
    async with site.visitor() as http:
        for path, method, operation in operations(site.application.openapi()):
            address = path.format_map(_Anything())
            answer = await http.request(method, address, content=b"{}", headers=_JSON)
            answers[operation["operationId"]] = answer.status_code
    assert {name: code for name, code in answers.items() if code != 401} == {}


_JSON = {"content-type": "application/json"}


class _Anything(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return {"sha256": "0" * 64, "number": "1"}.get(name, "x")
