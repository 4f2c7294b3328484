"""Signing in and out; the only pages that need no session."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from ioc.people import Access, LoginRefused
from ioc.web.api.shapes import Text
from ioc.web.identity import SESSION_COOKIE, TheCentre, TheSession, check_csrf
from ioc.web.limits import failed_logins_of
from ioc.web.rendering import ThePage

router = APIRouter(include_in_schema=False)

# Longer than a session lives: each use moves its end on, and the centre alone decides.
_COOKIE_AGE_S = 30 * 24 * 3600


@router.get("/dang-nhap")
async def show_login(page: ThePage) -> Response:
    """Ask who it is; whoever is signed in goes on to their page."""
    if page.session is not None:
        return RedirectResponse(home_of(page.session.access), status_code=303)
    return page.answer("login.html", problem="", login="")


@router.post("/dang-nhap")
async def sign_in(
    request: Request,
    centre: TheCentre,
    page: ThePage,
    login: Annotated[Text, Form(max_length=63)] = "",
    password: Annotated[Text, Form(max_length=200)] = "",
) -> Response:
    """Open a session."""
    failed = failed_logins_of(request)
    address = request.client.host if request.client else ""
    wait_s = failed.wait_s(address)
    if wait_s > 0:
        sentence = page.wording.words("error.too_many", seconds=page.wording.seconds(wait_s))
        return page.answer("login.html", status_code=429, problem=sentence, login=login)
    outcome = await centre.people.login(login, password)
    if isinstance(outcome, LoginRefused):
        failed.count(address)
        sentence = outcome.en if page.wording.words.language == "en" else outcome.vi
        status_code = 429 if outcome.retry_after_s > 0 else 401
        return page.answer("login.html", status_code=status_code, problem=sentence, login=login)
    answer = RedirectResponse(home_of(outcome.session.access), status_code=303)
    answer.set_cookie(
        SESSION_COOKIE,
        outcome.token,
        max_age=_COOKIE_AGE_S,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/dang-xuat")
async def sign_out(
    request: Request,
    centre: TheCentre,
    session: TheSession,
    csrf: Annotated[Text, Form(max_length=200)] = "",
) -> Response:
    """End the session."""
    check_csrf(csrf, session)
    await centre.people.logout(request.cookies.get(SESSION_COOKIE, ""))
    answer = RedirectResponse("/dang-nhap", status_code=303)
    answer.delete_cookie(SESSION_COOKIE)
    return answer


def home_of(access: Access) -> str:
    """Return the page a person works on."""
    return "/" if access.may_open_console else "/loa"
