"""Sounds that nobody ever sent are forgotten after a week; what was broadcast is kept for the log."""

from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.broadcasts.records import PREVIEW_VALID
from ioc.store.tables import audio, broadcasts, phrase_recordings, previews, talk_downs

DRAFTS_KEPT = timedelta(days=7)


async def forget_drafts(connection: AsyncConnection, *, now: datetime) -> list[str]:
    """Forget sounds that are named nowhere; return their hashes, whose files may go."""
    valid = previews.c.previewed_at >= now - PREVIEW_VALID
    named = (
        exists().where(broadcasts.c.audio_sha256 == audio.c.sha256),
        exists().where(previews.c.audio_sha256 == audio.c.sha256, valid),
        exists().where(phrase_recordings.c.audio_sha256 == audio.c.sha256),
        exists().where(talk_downs.c.audio_sha256 == audio.c.sha256),
        exists().where(talk_downs.c.night_audio_sha256 == audio.c.sha256),
    )
    wanted = select(audio.c.sha256).where(audio.c.created_at < now - DRAFTS_KEPT)
    forgotten = list(await connection.scalars(wanted.where(*(~each for each in named))))
    for sha256 in forgotten:
        await connection.execute(delete(audio).where(audio.c.sha256 == sha256))
    return forgotten


async def named_sounds(connection: AsyncConnection) -> set[str]:
    """Return the hashes of every sound there is a row of."""
    return set(await connection.scalars(select(audio.c.sha256)))
