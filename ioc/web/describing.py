"""An alarm in the words of the screens, for those who are told of it elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.notify.calling.composing import Description
from ioc.people.access import Access, Role
from ioc.settings import Settings
from ioc.web.pages.saying import Speech
from ioc.web.presentation import SHAPES, Wording
from ioc.web.reading.alarms import AlarmView, find_alarm
from ioc.web.reading.places import read_places
from ioc.web.words import Words


@dataclass(frozen=True, kw_only=True)
class AlarmDescriber:
    """Describes alarms of the whole commune; whoever calls has decided who may learn of them."""

    settings: Settings

    async def __call__(
        self, connection: AsyncConnection, alarm_id: str, *, language: str, at: datetime
    ) -> Description | None:
        """Return an alarm in `language`; None where it does not exist."""
        everywhere = _everywhere(area.area_id for area in self.settings.areas)
        alarm = await find_alarm(connection, everywhere, alarm_id)
        if alarm is None:
            return None
        commune = self.settings.commune
        words = Words("en" if language == "en" else "vi", hamlet_word=commune.hamlet_word)
        wording = Wording(words=words, zone=commune.zone, now=at)
        places = await read_places(connection, self.settings)
        values = {
            "what": Speech(wording=wording, places=places).what(alarm),
            "priority": words(f"priority.{alarm.priority}"),
            "shape": SHAPES.get(alarm.priority, ""),
            "at": wording.at(alarm.last_occurred_at),
            "state": words(f"state.{alarm.state}"),
            "commune": commune.name,
        }
        return Description(values=values, facts=_facts(alarm), link=self._link(alarm_id))

    def _link(self, alarm_id: str) -> str:
        public_url = self.settings.notify.public_url
        return f"{public_url}/?canh-bao={alarm_id}" if public_url else ""


def _facts(alarm: AlarmView) -> dict[str, object]:
    return {
        "alarm_id": alarm.alarm_id,
        "kind": alarm.kind,
        "alarm_priority": alarm.priority,
        "alarm_state": alarm.state,
        "gateway_id": alarm.gateway_id,
        "device_id": alarm.device_id,
        "area_id": alarm.area_id,
        "occurred_at": alarm.occurred_at.isoformat(),
        "raised_at": alarm.raised_at.isoformat(),
        "repeats": alarm.repeats,
    }


def _everywhere(area_ids: Iterable[str]) -> Access:
    return Access(
        login="",
        name="",
        role=Role.VIEWER,
        area_ids=frozenset(area_ids),
    )
