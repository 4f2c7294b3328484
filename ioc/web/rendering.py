"""Templates to answers: fills a page with the words, the person and the time; never queries."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from ioc.centre import Centre
from ioc.people import Session
from ioc.settings import Commune
from ioc.web.identity import LANGUAGE_COOKIE, MaybeSession, TheCentre, TheWords
from ioc.web.presentation import SHAPES, Wording, loudspeaker_name, person
from ioc.web.words import Words, isolate, stress

_FOLDER = Path(__file__).with_name("templates")
_YEAR_S = 365 * 24 * 3600


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["stress"] = stress
    environment.filters["isolate"] = isolate
    environment.filters["loudspeaker"] = loudspeaker_name
    environment.globals.update(SHAPES=SHAPES, person=person)
    return environment


@dataclass(frozen=True, kw_only=True)
class Page:
    """One request's way to an HTML answer."""

    request: Request
    commune: Commune
    session: Session | None
    wording: Wording

    def answer(self, template: str, *, status_code: int = 200, **values: object) -> HTMLResponse:
        """Return `template` filled in; remembers the language if the address chose one."""
        answer = HTMLResponse(self.html(template, **values), status_code=status_code)
        if self.request.query_params.get("lang") == self.wording.words.language:
            answer.set_cookie(
                LANGUAGE_COOKIE,
                self.wording.words.language,
                max_age=_YEAR_S,
                samesite="lax",
                secure=self.request.url.scheme == "https",
                httponly=True,
            )
        return answer

    def html(self, template: str, **values: object) -> str:
        """Return `template` filled in."""
        words = self.wording.words
        return (
            _templates()
            .get_template(template)
            .render(
                t=words,
                w=self.wording,
                language=words.language,
                commune=self.commune,
                session=self.session,
                live_words=json.dumps(words.group("live"), ensure_ascii=False),
                **values,
            )
        )

    def fragment(self, template: str, **values: object) -> Markup:
        """Return `template` filled in, safe to place in another."""
        return Markup(self.html(template, **values))  # noqa: S704 - autoescaped by the template


def page_of(request: Request, centre: TheCentre, session: MaybeSession, words: TheWords) -> Page:
    """Return the way to answer this request."""
    return Page(
        request=request,
        commune=centre.settings.commune,
        session=session,
        wording=wording_of(centre, words),
    )


def wording_of(centre: Centre, words: Words) -> Wording:
    """Return how this request's answer says things."""
    return Wording(words=words, zone=centre.settings.commune.zone, now=centre.clock.now())


ThePage = Annotated[Page, Depends(page_of)]
