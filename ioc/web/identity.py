"""Who sends a request: the cookie, the session behind it, and the proof that the page is ours."""

import secrets
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, APIKeyHeader

from ioc.centre import Centre
from ioc.people import Access, Session
from ioc.web.errors import NotSignedIn, Refused
from ioc.web.words import LANGUAGES, Language, Words

SESSION_COOKIE = "ioc_session"
LANGUAGE_COOKIE = "ioc_language"
CSRF_HEADER = "x-csrf-token"


def centre_of(request: Request) -> Centre:
    """Return the centre that the application serves."""
    centre: Centre = request.app.state.centre
    return centre


TheCentre = Annotated[Centre, Depends(centre_of)]


async def session_of(request: Request, centre: TheCentre) -> Session | None:
    """Return the valid session behind the request's cookie."""
    token = request.cookies.get(SESSION_COOKIE)
    return None if not token else await centre.people.session_of(token)


MaybeSession = Annotated[Session | None, Depends(session_of)]


_SESSION = APIKeyCookie(
    name=SESSION_COOKIE,
    scheme_name="session",
    description="Given by signing in at /dang-nhap.",
    auto_error=False,
)
_CSRF = APIKeyHeader(
    name=CSRF_HEADER,
    scheme_name="csrf",
    description="`csrf_token` of GET /api/me; proves that a page of ours wrote the request.",
    auto_error=False,
)


async def signed_in(
    session: MaybeSession, _cookie: Annotated[str | None, Depends(_SESSION)]
) -> Session:
    """Return the session, or send the person to sign in."""
    if session is None:
        raise NotSignedIn
    return session


TheSession = Annotated[Session, Depends(signed_in)]


async def access_of(session: TheSession) -> Access:
    """Return the rights of the person who asks."""
    return session.access


Reader = Annotated[Access, Depends(access_of)]


async def acting(session: TheSession, csrf_token: Annotated[str | None, Depends(_CSRF)]) -> Access:
    """Return the rights of the person who changes something, once the page is proven ours."""
    check_csrf(csrf_token or "", session)
    return session.access


Actor = Annotated[Access, Depends(acting)]


def check_csrf(token: str, session: Session) -> None:
    """Refuse a token that is not the session's own.

    Raises:
        Refused: the request was not written by our page.
    """
    if not secrets.compare_digest(token.encode(), session.csrf_token.encode()):
        raise Refused("forged", status_code=403)


def language_of(request: Request) -> Language:
    """Return the language asked for in the address, else the remembered one, else Vietnamese."""
    for wish in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        for language in LANGUAGES:
            if wish == language:
                return language
    return "vi"


def words_of(request: Request, centre: TheCentre) -> Words:
    """Return the words of the request's language."""
    return Words(language_of(request), hamlet_word=centre.settings.commune.hamlet_word)


TheWords = Annotated[Words, Depends(words_of)]
