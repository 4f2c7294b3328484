"""A bad day, drawn small: the operator is called little, and for everything that really happened."""

import pytest

from benchmarks.alarm_day import CALLS_TARGET, per_ten_minutes, run_day
from benchmarks.alarms.drawing import draw_day
from benchmarks.alarms.replaying import count_before


@pytest.mark.timeout(90)
async def test_every_incident_of_a_bad_day_calls_and_little_else_does(tmp_path):
    """Littering, intruders, dead and flapping cameras, a storm, a power cut, an outage and its backfill."""
    day = draw_day(4, events=1_500)
    _, calls, missed = await run_day(day, tmp_path)
    assert missed == []
    counts = per_ten_minutes([call.at for call in calls])
    assert sum(counts) / len(counts) <= CALLS_TARGET
    assert len(calls) < len(count_before(day)) / 3
