"""What people write about an alarm: lines of its log that nobody changes or takes back.

Whether the person may do so is decided before; it runs in the caller's transaction.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms import rows
from ioc.alarms.answers import AlarmUnknown
from ioc.alarms.rows import Entry
from ioc.alarms.states import Cause

LONGEST_COMMENT = 2_000


async def comment(
    connection: AsyncConnection, alarm_id: str, *, text: str, login: str, at: datetime
) -> None:
    """Add what `login` has to say; plain text, whatever it looks like.

    Raises:
        AlarmUnknown: there is no such alarm.
    """
    alarm = await rows.find(connection, alarm_id)
    if alarm is None:
        raise AlarmUnknown(alarm_id)
    entry = Entry(cause=Cause.COMMENT, at=at, login=login, note=text)
    await rows.change(connection, alarm, {}, entry)
