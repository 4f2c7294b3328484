"""The phrase bank: templates, places and recordings of every language as rows of the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.broadcasts import refusals
from ioc.broadcasts.commands import new_id
from ioc.broadcasts.sources.vocabulary import (
    LANGUAGES,
    Phrase,
    Template,
    check_pattern,
    fill_slot,
    wanted_by,
)
from ioc.clock import Clock
from ioc.people import audit
from ioc.people.access import Access
from ioc.people.audit import Deed
from ioc.people.errors import not_allowed, not_found
from ioc.sounds.joining import Joined
from ioc.store.engine import Store
from ioc.store.tables import audio, phrase_places, phrase_recordings, phrase_templates

_MOST_ROWS = 500


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A phrase that somebody has spoken."""

    phrase: Phrase
    audio_sha256: str
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Bank:
    """Everything known of one language."""

    language: str
    templates: tuple[Template, ...]
    places: Mapping[str, str]
    recorded: Mapping[str, Recorded]
    """By key."""
    missing: tuple[Phrase, ...]
    """What the templates need and nobody has recorded."""


@dataclass(frozen=True, kw_only=True)
class PhraseOrder:
    """A template, filled."""

    language: str
    template_id: str
    slots: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """What is said: sounds in order, and the Vietnamese of it."""

    sounds: tuple[str, ...]
    meaning: str


class PhraseBank:
    """Templates and places are the commune's; recordings are of one language each."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def read(self, language: str) -> Bank:
        """Return everything of a language.

        Raises:
            Refusal: there is no such language here.
        """
        _check_language(language)
        async with self._store.read() as connection:
            templates = await _templates(connection)
            places = await _places(connection)
            recorded = await _recorded(connection, language)
        needed = _needed(templates, places)
        return Bank(
            language=language,
            templates=templates,
            places=places,
            recorded=recorded,
            missing=tuple(each for each in needed if each.key not in recorded),
        )

    async def find(self, language: str, key: str) -> Phrase:
        """Return a phrase that may be recorded.

        Raises:
            Refusal: no template needs it.
        """
        bank = await self.read(language)
        # Minutes between the fives are recorded only where somebody wants them.
        kind, _, value = key.partition(":")
        if kind == "minute" and value.isdecimal() and 1 <= int(value) <= 59:
            return fill_slot("giờ", f"0:{int(value):02d}", {})[-1]
        for phrase in _needed(bank.templates, bank.places):
            if phrase.key == key:
                return phrase
        raise not_found()

    async def keep(self, access: Access, language: str, phrase: Phrase, *, sound: Joined) -> None:
        """Keep a recording in place of an earlier one."""
        now = self._clock.now()
        key = {"language": language, "phrase_key": phrase.key}
        async with self._store.begin() as connection:
            known = select(audio.c.sha256).where(audio.c.sha256 == sound.sha256)
            if (await connection.execute(known)).first() is None:
                await connection.execute(
                    insert(audio).values(
                        sha256=sound.sha256,
                        media_type="audio/ogg",
                        size_bytes=sound.size_bytes,
                        duration_s=sound.duration_s,
                        spoken_text="",
                        created_by=access.login,
                        created_at=now,
                    )
                )
            await connection.execute(delete(phrase_recordings).filter_by(**key))
            await connection.execute(
                insert(phrase_recordings).values(
                    **key,
                    meaning=phrase.meaning,
                    audio_sha256=sound.sha256,
                    duration_s=sound.duration_s,
                    recorded_by=access.login,
                    recorded_at=now,
                )
            )
            await _log(connection, access, "phrase_recorded", f"{language}/{phrase.key}", at=now)

    async def add_template(self, access: Access, pattern: str) -> str:
        """Add a sentence with slots; return its id.

        Raises:
            Refusal: the pattern cannot be cut into pieces, or the person may not add one.
        """
        _require_editor(access)
        pattern = check_pattern(pattern)
        now = self._clock.now()
        template_id = new_id(now)
        async with self._store.begin() as connection:
            await connection.execute(
                insert(phrase_templates).values(
                    template_id=template_id,
                    pattern=pattern,
                    created_by=access.login,
                    created_at=now,
                )
            )
            await _log(connection, access, "phrase_template", pattern, at=now)
        return template_id

    async def remove_template(self, access: Access, template_id: str) -> None:
        """Remove a sentence with the recordings of its own words.

        Raises:
            Refusal: the person may not, or there is none.
        """
        _require_editor(access)
        async with self._store.begin() as connection:
            gone = await connection.execute(
                delete(phrase_templates).where(phrase_templates.c.template_id == template_id)
            )
            if not gone.rowcount:
                raise not_found()
            own = phrase_recordings.c.phrase_key.startswith(f"text:{template_id}:", autoescape=True)
            await connection.execute(delete(phrase_recordings).where(own))
            await _log(
                connection, access, "phrase_template_removed", template_id, at=self._clock.now()
            )

    async def add_place(self, access: Access, name: str) -> str:
        """Add a place that sentences may name; return its id.

        Raises:
            Refusal: it has no name, or the person may not add one.
        """
        _require_editor(access)
        name = " ".join(name.split())[:200]
        if not name:
            raise refusals.bad_slot("nơi")
        now = self._clock.now()
        place_id = new_id(now)
        async with self._store.begin() as connection:
            await connection.execute(
                insert(phrase_places).values(
                    place_id=place_id, name=name, created_by=access.login, created_at=now
                )
            )
            await _log(connection, access, "phrase_place", name, at=now)
        return place_id

    async def assemble(self, order: PhraseOrder) -> Sentence:
        """Return the recordings of a filled template, in order.

        Raises:
            Refusal: a slot is wrong, or recordings are missing: all of them are named.
        """
        bank = await self.read(order.language)
        template = next(
            (each for each in bank.templates if each.template_id == order.template_id), None
        )
        if template is None:
            raise not_found()
        needed = template.needed(order.slots, bank.places)
        missing = [each.meaning for each in needed if each.key not in bank.recorded]
        if missing:
            raise refusals.phrase_missing(list(dict.fromkeys(missing)), LANGUAGES[order.language])
        return Sentence(
            sounds=tuple(bank.recorded[each.key].audio_sha256 for each in needed),
            meaning=" ".join(each.meaning for each in needed),
        )

    async def holds(self, audio_sha256: str) -> bool:
        """Tell whether a sound is a phrase of the bank, which everybody who may speak may hear."""
        wanted = select(phrase_recordings.c.phrase_key).where(
            phrase_recordings.c.audio_sha256 == audio_sha256
        )
        async with self._store.read() as connection:
            return (await connection.execute(wanted.limit(1))).first() is not None


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise not_found()


def _require_editor(access: Access) -> None:
    """Sentences and places are the whole commune's; recording them is everybody's."""
    if not access.may_speak_emergencies:
        raise not_allowed()


def _needed(templates: tuple[Template, ...], places: Mapping[str, str]) -> tuple[Phrase, ...]:
    literals = [phrase for template in templates for phrase in template.literals]
    slots = frozenset(slot for template in templates for slot in template.slots)
    return (*literals, *wanted_by(slots, places))


async def _templates(connection: AsyncConnection) -> tuple[Template, ...]:
    rows = await connection.execute(
        select(phrase_templates).order_by(phrase_templates.c.created_at).limit(_MOST_ROWS)
    )
    return tuple(Template(template_id=row.template_id, pattern=row.pattern) for row in rows)


async def _places(connection: AsyncConnection) -> dict[str, str]:
    rows = await connection.execute(
        select(phrase_places).order_by(phrase_places.c.name).limit(_MOST_ROWS)
    )
    return {row.place_id: row.name for row in rows}


async def _recorded(connection: AsyncConnection, language: str) -> dict[str, Recorded]:
    rows = await connection.execute(
        select(phrase_recordings).where(phrase_recordings.c.language == language)
    )
    return {
        row.phrase_key: Recorded(
            phrase=Phrase(key=row.phrase_key, meaning=row.meaning),
            audio_sha256=row.audio_sha256,
            recorded_by=row.recorded_by,
            recorded_at=row.recorded_at,
        )
        for row in rows
    }


async def _log(
    connection: AsyncConnection, access: Access, action: str, detail: str, *, at: datetime
) -> None:
    deed = Deed(login=access.login, action=action, subject="phrases", detail=detail)
    await audit.write(connection, deed, at=at)
