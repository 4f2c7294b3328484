"""What we promise beyond the checks that Schemathesis has; loaded by Schemathesis, see `fuzzing`."""

import schemathesis
from schemathesis import GenerationMode


@schemathesis.check
def what_the_document_allows_is_understood(_context, response, case):
    """A request as documented may be refused for what it asks, never for how it is written."""
    positive = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    if positive and response.status_code in (400, 422):
        problem = response.json()["error"]
        if problem["code"] == "bad_request":
            raise AssertionError(f"refused as unreadable: {problem.get('where')}")
