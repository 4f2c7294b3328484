"""Talk-downs and sightings for the tests of what a gateway says by itself."""

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

from contracts.commands import Audio, TalkDown
from edge_agent.loudspeakers.talk_downs.decision import Incident
from edge_agent.timekeeping import Moment

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
BOOT_ID = "00000000-0000-4000-8000-000000000001"
TALK_DOWN = "44444444-0000-4000-8000-000000000001"
OBJECT = "22222222-0000-4000-8000-000000000001"


def audio_of(body: bytes, duration_s: float = 1) -> Audio:
    sha256 = hashlib.sha256(body).hexdigest()
    return Audio(sha256=sha256, size_bytes=len(body), duration_s=duration_s)


DAY = audio_of(b"day")
NIGHT = audio_of(b"night")


def talk_down(**changes) -> TalkDown:
    fields = {
        "talk_down_id": TALK_DOWN,
        "camera_id": "cam1",
        "causes": ("littering", "intrusion"),
        "loudspeaker_ids": ("loa1",),
        "audio": DAY,
        "cool_down_s": 0,
    }
    return TalkDown(**{**fields, **changes})


def moment(monotonic_s: float, occurred_at: datetime, boot_id: str = BOOT_ID) -> Moment:
    return Moment(
        occurred_at=occurred_at, monotonic_s=monotonic_s, boot_id=boot_id, clock_synced=True
    )


def incident(at: Moment, **changes) -> Incident:
    fields = {
        "cause": "intrusion",
        "camera_id": "cam1",
        "zone": "sân",
        "object_id": OBJECT,
        "moment": at,
        "is_in_sight": True,
    }
    return Incident(**{**fields, **changes})
