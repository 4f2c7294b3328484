"""Where announcements are made and heard by their author before anybody else hears them."""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from ioc.broadcasts import records, refusals
from ioc.broadcasts.audio_files import AudioFiles
from ioc.broadcasts.rendering import read_text, say
from ioc.broadcasts.sources.composing import (
    Voice,
    frame_recording,
    script_of,
    spaced,
    with_chimes,
)
from ioc.broadcasts.sources.phrases import PhraseBank, PhraseOrder
from ioc.broadcasts.sources.settings import Sources
from ioc.broadcasts.values import Framing, Heard, Kind, Preview
from ioc.clock import Clock
from ioc.evidence.arrival import arriving
from ioc.people.access import Access
from ioc.people.errors import not_allowed, not_found
from ioc.sounds import (
    Cleaner,
    FromFile,
    Part,
    Purpose,
    RecordingRefused,
    SoundUnavailable,
    join,
)
from ioc.sounds.joining import Joined, digest
from ioc.sounds.recordings import LONGEST_S
from ioc.store.engine import Store

# Rendering keeps a core busy; more at once would only make every author wait.
_PARALLEL_RENDERINGS = 2
_LONGEST_TITLE = 200


class Studio:
    """Makes sounds for people who may speak somewhere, and remembers what each has heard."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        files: AudioFiles,
        sources: Sources,
        voice: Voice = say,
    ) -> None:
        """Keep sounds in `files`; `voice` says words."""
        self._store = store
        self._clock = clock
        self._files = files
        self._sources = sources
        self._voice = voice
        self._cleaner = Cleaner()
        self._turns = asyncio.Semaphore(_PARALLEL_RENDERINGS)
        self.phrases = PhraseBank(store=store, clock=clock)
        """What was recorded piece by piece."""

    @property
    def sources(self) -> Sources:
        """What the installation decided."""
        return self._sources

    async def preview_text(
        self,
        access: Access,
        text: str,
        *,
        framing: Framing | None = None,
        readings: Mapping[str, str] | None = None,
    ) -> Preview:
        """Render a text as it will sound; `readings` are the author's answers to questions.

        Raises:
            Refusal: the text cannot be spoken, or the person may not speak anywhere.
        """
        require_a_voice(access)
        framing = framing or Framing()
        reading = read_text(text, self._sources.dictionary, readings or {})
        script = script_of(reading.spoken_text, framing)
        async with self._turns:
            samples = (await self._voice(script)).samples
            joined = await self._join(with_chimes([samples], framing))
        return await self._heard(
            access,
            joined,
            Heard(text=text, kind="speech", status=framing.status, said_twice=framing.said_twice),
            Preview(
                audio_sha256=joined.sha256,
                duration_s=joined.duration_s,
                spoken_text=script,
                text=text,
                questions=reading.questions,
            ),
        )

    async def take_recording(
        self, access: Access, body: AsyncIterator[bytes], *, purpose: Purpose, title: str
    ) -> Preview:
        """Take an upload as it comes, clean it, and keep it under `title`.

        Raises:
            Refusal: it is no recording that can be understood over loudspeakers.
        """
        require_a_voice(access)
        title = title_of(title)
        kept = await self._clean(body, purpose=purpose)
        kind: Kind = "recording" if purpose == "voice" else "file"
        return await self._heard(
            access,
            kept,
            Heard(text=title, kind=kind, status="actual", said_twice=False),
            _without_words(kept, title),
        )

    async def preview_recording(
        self, access: Access, audio_sha256: str, *, title: str, framing: Framing
    ) -> Preview:
        """Put chimes and the words of a drill around a recording of one's own.

        Raises:
            Refusal: this person has made no such recording today.
        """
        require_a_voice(access)
        async with self._store.read() as connection:
            heard = await records.what_was_heard(
                connection,
                login=access.login,
                audio_sha256=audio_sha256,
                now=self._clock.now(),
            )
        path = self._files.path_of(audio_sha256)
        # Framed once already it would get two chimes.
        is_plain = heard is not None and heard.status == "actual"
        if heard is None or path is None or not is_plain or heard.kind == "speech":
            raise not_found()
        body: list[Part] = [FromFile(path=path)]
        return await self._framed(access, body, title_of(title), kind=heard.kind, framing=framing)

    async def preview_phrases(
        self, access: Access, order: PhraseOrder, *, framing: Framing
    ) -> Preview:
        """Put a sentence together from recorded phrases.

        Raises:
            Refusal: a slot is wrong, or something was never recorded: it is named.
        """
        require_a_voice(access)
        sentence = await self.phrases.assemble(order)
        pieces: list[Part] = [FromFile(path=self._path(sha256)) for sha256 in sentence.sounds]
        return await self._framed(
            access, spaced(pieces), sentence.meaning, kind="phrases", framing=framing
        )

    async def record_phrase(
        self, access: Access, body: AsyncIterator[bytes], *, language: str, key: str
    ) -> None:
        """Take a recording of one phrase; an earlier one is replaced.

        Raises:
            Refusal: nobody needs such a phrase, or the recording cannot be used.
        """
        require_a_voice(access)
        phrase = await self.phrases.find(language, key)
        kept = await self._clean(body, purpose="voice")
        await self.phrases.keep(access, language, phrase, sound=kept)

    async def _framed(
        self, access: Access, body: Sequence[Part], text: str, *, kind: Kind, framing: Framing
    ) -> Preview:
        async with self._turns:
            parts, words = await frame_recording(body, framing, self._voice)
            joined = await self._join(parts)
        preview = Preview(
            audio_sha256=joined.sha256,
            duration_s=joined.duration_s,
            spoken_text=words,
            text=text,
        )
        heard = Heard(text=text, kind=kind, status=framing.status, said_twice=False)
        return await self._heard(access, joined, heard, preview)

    async def _join(self, parts: Sequence[Part]) -> Joined:
        target = self._new_part()
        try:
            joined = await asyncio.to_thread(_join_new, parts, target)
            _check_length(joined)
            await self._files.adopt(target, joined.sha256)
        finally:
            target.unlink(missing_ok=True)
        return joined

    async def _clean(self, body: AsyncIterator[bytes], *, purpose: Purpose) -> Joined:
        limit = self._sources.largest_upload_bytes

        def check_length(size_bytes: int) -> None:
            if size_bytes > limit:
                raise RecordingRefused("too_large", limit=limit // 1_000_000)

        target = self._new_part()
        try:
            async with arriving(self._files.arrivals) as arrival:
                await arrival.take(body, check_length=check_length)
                cleaned = await self._cleaner.clean(arrival.path, target, purpose=purpose)
            joined = await asyncio.to_thread(_describe, target, cleaned.duration_s)
            _check_length(joined)
            await self._files.adopt(target, joined.sha256)
        except (RecordingRefused, SoundUnavailable) as error:
            raise refusals.from_recording(error) from error
        finally:
            target.unlink(missing_ok=True)
        return joined

    async def _heard(
        self, access: Access, sound: Joined, heard: Heard, preview: Preview
    ) -> Preview:
        now = self._clock.now()
        async with self._store.begin() as connection:
            await records.keep_sound(
                connection, preview, size_bytes=sound.size_bytes, login=access.login, at=now
            )
            await records.keep_heard(
                connection,
                login=access.login,
                audio_sha256=sound.sha256,
                heard=heard,
                at=now,
            )
        return preview

    def _new_part(self) -> Path:
        return self._files.arrivals / f"{uuid4()}.part"

    def _path(self, audio_sha256: str) -> Path:
        path = self._files.path_of(audio_sha256)
        if path is None:
            raise not_found()
        return path


def require_a_voice(access: Access) -> None:
    """Refuse who may speak nowhere.

    Raises:
        Refusal: the person has no loudspeaker.
    """
    if not any(access.may_speak(area_id) for area_id in access.area_ids):
        raise not_allowed()


def title_of(title: str) -> str:
    """Return what a recording is called, in one line."""
    return " ".join(title.split())[:_LONGEST_TITLE] or "Bản ghi âm"


def _without_words(sound: Joined, title: str) -> Preview:
    return Preview(
        audio_sha256=sound.sha256, duration_s=sound.duration_s, spoken_text="", text=title
    )


def _check_length(sound: Joined) -> None:
    """Refuse what no command can name: chimes, too, make an hour longer.

    Raises:
        Refusal: it is longer than an hour.
    """
    if sound.duration_s > LONGEST_S:
        error = RecordingRefused(
            "too_long", minutes=math.ceil(sound.duration_s / 60), limit=round(LONGEST_S / 60)
        )
        raise refusals.from_recording(error)


def _join_new(parts: Sequence[Part], target: Path) -> Joined:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return join(parts, target)


def _describe(path: Path, duration_s: float) -> Joined:
    with path.open("rb") as file:
        sha256, size_bytes = digest(file)
    return Joined(sha256=sha256, size_bytes=size_bytes, duration_s=duration_s)
