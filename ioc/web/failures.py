"""Failures as answers: a sentence in JSON, or a page where somebody is looking for one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Match

from ioc.people import Refusal
from ioc.store.faults import StoreUnavailable
from ioc.timeseries import SeriesRefused, SeriesUnavailable
from ioc.web.api.shapes import where_of
from ioc.web.errors import NotSignedIn, Refused, error_body
from ioc.web.identity import centre_of, language_of
from ioc.web.rendering import Page, wording_of
from ioc.web.words import Words, load_words, plain

_log = structlog.get_logger(__name__)

_STATUS_OF_REFUSAL = {
    "not_found": 404,
    "held_already": 409,
    "not_held": 409,
    "not_allowed": 403,
    "level_not_allowed": 403,
    "station_not_allowed": 403,
    "not_previewed": 409,
    "say_it_twice": 409,
    "still_busy": 409,
    "rules_changed": 409,
    "shift_clashes": 409,
    "shift_unknown": 404,
    "in_other_hands": 409,
    "given_back": 409,
    "nothing_to_handle": 409,
    "own_handover": 409,
    "taken_over_already": 409,
    "handover_replaced": 409,
    "series_unavailable": 503,
    "phrase_missing": 409,
    "recording_too_large": 413,
    "recording_unavailable": 503,
}
_WRONG_METHOD = 405
_CODE_OF_STATUS = {
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    _WRONG_METHOD: "wrong_method",
    413: "too_large",
}


@dataclass(frozen=True, kw_only=True)
class _Failure:
    status_code: int
    code: str
    vi: str
    en: str
    where: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def register_failures(application: FastAPI) -> None:
    """Make every failure of `application` answer with a sentence."""
    application.add_exception_handler(NotSignedIn, _not_signed_in)
    for kind in (
        *(Refused, Refusal, StoreUnavailable, RequestValidationError, HTTPException),
        *(SeriesRefused, SeriesUnavailable),
    ):
        application.add_exception_handler(kind, _expected)
    application.add_exception_handler(Exception, _unexpected)


async def _not_signed_in(request: Request, _error: Exception) -> Response:
    if _wants_page(request):
        return RedirectResponse("/dang-nhap", status_code=303)
    return _answer(request, _said("not_signed_in", 401))


async def _expected(request: Request, error: Exception) -> Response:
    failure = _failure(error)
    if failure.status_code == _WRONG_METHOD:
        failure = replace(failure, headers={"allow": ", ".join(_methods_at(request))})
    return _answer(request, failure)


def _methods_at(request: Request) -> Iterator[str]:
    """Give what may be sent to the address (RFC 9110 §15.5.6), whichever routes take it."""
    for method in ("GET", "POST", "PUT"):
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            yield method


async def _unexpected(request: Request, error: Exception) -> Response:
    # Starlette raises it again for the server's own log; the person gets a sentence either way.
    _log.error("web.request_failed", path=request.url.path, error=repr(error))
    return _answer(request, _said("internal", 500))


def _failure(error: Exception) -> _Failure:
    match error:
        case Refused():
            return _said(error.code, error.status_code, **error.values)
        case Refusal():
            status_code = _STATUS_OF_REFUSAL.get(error.code, 422)
            return _Failure(status_code=status_code, code=error.code, vi=error.vi, en=error.en)
        case SeriesRefused() | SeriesUnavailable():
            return _said("series_away", 503)
        case StoreUnavailable():
            _log.warning("web.store_unavailable", why=str(error))
            return _said("store_unavailable", 503)
        case HTTPException():
            code = _CODE_OF_STATUS.get(error.status_code, "bad_request")
            return _said(code, error.status_code)
        case _:
            return replace(_said("bad_request", 422), where=_where(error))


def _where(error: Exception) -> tuple[str, ...]:
    return where_of(error.errors()) if isinstance(error, RequestValidationError) else ()


def _said(code: str, status_code: int, **values: object) -> _Failure:
    texts = load_words()[f"error.{code}"]
    vi, en = (plain(texts[language].format(**values)) for language in ("vi", "en"))
    return _Failure(status_code=status_code, code=code, vi=vi, en=en)


def _answer(request: Request, failure: _Failure) -> Response:
    if not _wants_page(request):
        body = error_body(failure.code, vi=failure.vi, en=failure.en, where=failure.where)
        return JSONResponse(body, status_code=failure.status_code, headers=failure.headers)
    centre = centre_of(request)
    words = Words(language_of(request), hamlet_word=centre.settings.commune.hamlet_word)
    page = Page(
        request=request,
        commune=centre.settings.commune,
        session=None,
        wording=wording_of(centre, words),
    )
    sentence = failure.en if words.language == "en" else failure.vi
    return page.answer("error.html", status_code=failure.status_code, sentence=sentence)


def _wants_page(request: Request) -> bool:
    """Tell whether a person waits for a page, not a script for a piece of one."""
    if request.headers.get("sec-fetch-mode", "navigate") != "navigate":
        return False
    return "text/html" in request.headers.get("accept", "")
