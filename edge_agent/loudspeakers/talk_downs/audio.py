"""Keeps the sound of every talk-down on this gateway's disk: said at once, or not at all."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import structlog

from contracts.commands import Audio, TalkDown
from edge_agent.clock import Clock
from edge_agent.orders.audio_fetching import AudioSource, AudioUnobtainable

log = structlog.get_logger(__name__)

_AGAIN_S = 20.0
_LOOK_S = 600.0


class TalkDownAudio:
    """The sound that talk-downs name; fetched beforehand, never given way to other sound."""

    def __init__(self, source: AudioSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._wanted: dict[str, Audio] = {}
        self._changed = asyncio.Event()

    def want(self, talk_downs: Iterable[TalkDown]) -> None:
        """Keep the sound of these and of no others."""
        named = [audio for one in talk_downs for audio in (one.audio, one.night_audio) if audio]
        self._wanted = {audio.sha256: audio for audio in named}
        self._source.pin(self._wanted)
        self._changed.set()

    async def find(self, audio: Audio) -> Path | None:
        """Return the file if it is here; nothing is fetched."""
        found = await self._source.find(audio)
        if found is None:
            self._changed.set()
        return found

    async def run_once(self) -> None:
        """Fetch what is missing, for ever."""
        while True:
            self._changed.clear()
            is_complete = True
            for audio in tuple(self._wanted.values()):
                is_complete = await self._fetch(audio) and is_complete
            await self._rest(_LOOK_S if is_complete else _AGAIN_S)

    async def _fetch(self, audio: Audio) -> bool:
        # One attempt each, so that one that cannot be had holds up no other.
        attempts = iter((False,))
        try:
            await self._source.obtain(audio, has_expired=lambda: next(attempts, True))
        except AudioUnobtainable as error:
            log.warning("sound of a talk-down is missing", audio=audio.sha256, error=str(error))
            return False
        return True

    async def _rest(self, longest_s: float) -> None:
        """Return when what is wanted has changed, or after a while."""
        async with asyncio.TaskGroup() as tasks:
            news = tasks.create_task(self._changed.wait(), name="talk-down audio changed")
            rest = tasks.create_task(self._clock.sleep(longest_s), name="talk-down audio rest")
            await asyncio.wait((news, rest), return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            rest.cancel()
