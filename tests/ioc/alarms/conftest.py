"""A commune in which evenings are played."""

from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import pytest

from ioc.alarms.settings import AlarmSettings, policies_of
from ioc.store.engine import Store
from tests.ioc.commune import open_commune
from tests.timeline import (
    Stage,
    open_stage,
)


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[Store]:
    """An empty commune."""
    async with open_commune(tmp_path) as opened:
        yield opened


@pytest.fixture
def stage(store) -> Stage:
    """The product's own delays; two of three gateways on one supply, a switch before two cameras."""
    settings = AlarmSettings.model_validate(
        {
            "depends_on": {
                "tu-1": "supply:dien",
                "tu-2": "supply:dien",
                "tu-3": "supply:dien",
                "tu-4/cam-1": "tu-4/switch",
                "tu-4/cam-2": "tu-4/switch",
            },
            "expected": [
                {"name": "Chợ phiên", "kinds": ["crowding"], "from": "05:00", "to": "09:00"}
            ],
        }
    )
    return open_stage(store, policies_of(settings, ZoneInfo("UTC")))
