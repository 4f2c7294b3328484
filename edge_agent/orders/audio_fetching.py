"""Brings an announcement from the centre to the gateway's disk, for as long as it is wanted."""

import asyncio
import random
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from contracts.commands import Audio
from edge_agent.centre_http import AudioRefused, CentreHttp, CentreUnreachable
from edge_agent.clock import Clock
from edge_agent.orders.audio_shelf import AudioShelf
from edge_agent.supervisor import Backoff

log = structlog.get_logger(__name__)

_BACKOFF = Backoff(first_s=1.0, last_s=30.0)


class AudioUnobtainable(Exception):
    """The audio could not be fetched before the command expired."""


class AudioSource:
    """The shelf, and the centre behind it."""

    def __init__(self, shelf: AudioShelf, centre: CentreHttp, clock: Clock) -> None:
        self._shelf = shelf
        self._centre = centre
        self._clock = clock

    async def obtain(
        self, audio: Audio, *, has_expired: Callable[[], bool], keep: Iterable[str] = ()
    ) -> Path:
        """Return the file with the audio; fetched again and again until it expires.

        Args:
            audio: what is wanted.
            has_expired: tells whether it is wanted no more.
            keep: hashes of what others wait to play; it does not give way to this.

        Raises:
            AudioUnobtainable: it expired first; says what stood in the way.
        """
        attempt, obstacle = 0, "the command expired before the audio was fetched"
        while not has_expired():
            try:
                return await self._obtain_once(audio, keep)
            except (CentreUnreachable, AudioRefused, OSError) as error:
                obstacle = f"the audio could not be fetched: {error}"
            attempt += 1
            if attempt == 1:
                log.warning("audio not fetched, tried again", audio=audio.sha256, error=obstacle)
            await self._clock.sleep(_BACKOFF.wait_s(attempt, None, random.random))
        raise AudioUnobtainable(obstacle)

    async def find(self, audio: Audio) -> Path | None:
        """Return the file if it is on disk; nothing is fetched."""
        return await asyncio.to_thread(self._shelf.find, audio.sha256)

    def pin(self, hashes: Iterable[str]) -> None:
        """Keep these on disk, once they are there, until others are pinned."""
        self._shelf.pin(hashes)

    async def _obtain_once(self, audio: Audio, keep: Iterable[str]) -> Path:
        found = await self.find(audio)
        if found is not None:
            return found
        body = await self._centre.fetch_audio(audio.sha256, size_bytes=audio.size_bytes)
        path = await asyncio.to_thread(self._shelf.put, audio.sha256, body)
        await asyncio.to_thread(self._shelf.tidy, (audio.sha256, *keep))
        return path
