"""What may go wrong with a request, and how the JSON interface says it; see `failures`."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import JSONResponse

from ioc.web.words import load_words, plain


class Refused(Exception):
    """A request is refused; `code` names its sentence in the words file (`error.{code}`)."""

    def __init__(self, code: str, *, status_code: int, **values: object) -> None:
        self.code = code
        self.status_code = status_code
        self.values = values
        super().__init__(code)


class NotSignedIn(Exception):
    """The request carries no valid session; the person signs in and tries again."""


def error_body(code: str, *, vi: str, en: str, where: Sequence[str] = ()) -> dict[str, Any]:
    """Return an error as every part of the JSON interface answers it; see `Problem`."""
    error: dict[str, Any] = {"code": code, "vi": vi, "en": en}
    return {"error": error | ({"where": list(where)} if where else {})}


def error_answer(code: str, *, status_code: int, **values: object) -> JSONResponse:
    """Return the error named `code` in the words file."""
    texts = load_words()[f"error.{code}"]
    body = error_body(
        code, vi=plain(texts["vi"].format(**values)), en=plain(texts["en"].format(**values))
    )
    return JSONResponse(body, status_code=status_code)
