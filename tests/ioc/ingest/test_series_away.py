"""Telemetry while the server of series is away: acknowledged once it is safe, and only then."""

import pytest

from contracts.telemetry import Metric, Sample
from ioc.ingest.intake import Intake
from ioc.store.tables import gateways
from ioc.timeseries import SeriesSettings, SeriesUnavailable, open_series


def sample(centre) -> Sample:
    """Return what a camera tells now."""
    return Sample(
        sampled_at=centre.clock.now(), device_id="cam-1", metric=Metric.CAMERA_FPS, value=12.5
    )


@pytest.fixture
async def away(centre, tmp_path, free_port):
    """An intake whose series go to an address where nobody answers."""
    folder = tmp_path / "away"
    folder.mkdir()
    settings = SeriesSettings(store="victoriametrics", url=f"http://127.0.0.1:{free_port}")
    async with open_series(folder, settings, clock=centre.clock) as series:
        intake = Intake(
            store=centre.store, series=series, bus=centre.bus, voice=None, clock=centre.clock
        )
        yield series, intake


async def test_what_waits_on_the_disk_is_acknowledged(centre, sender, away):
    """The gateway may delete it; sent twice, it waits once."""
    series, intake = away
    for _ in range(2):
        await intake.take_telemetry([sender.telemetry(1, sample(centre))])
    assert (await centre.ack(sender)).telemetry.committed == ((1, 1),)
    assert (await series.standing()).waiting == 1


async def test_what_no_longer_fits_stays_with_the_gateway(centre, sender, away):
    """Without an acknowledgement it is sent again until there is room; it is not silent for that."""
    series, intake = away
    await series._backlog._seat.run(lambda c: c.execute("PRAGMA max_page_count = 1").fetchall())
    with pytest.raises(SeriesUnavailable, match="full"):
        await send_second_after_second(centre, sender, intake)
    waiting = (await series.standing()).waiting
    assert waiting > 0
    assert (await centre.ack(sender)).telemetry.committed == ((1, waiting),)
    assert (await centre.row(gateways))["last_heard_at"] == centre.clock.now()


async def send_second_after_second(centre, sender, intake) -> None:
    """Send telemetry until it is not taken any more."""
    for number in range(1, 1_000):
        await intake.take_telemetry([sender.telemetry(number, sample(centre))])
        centre.clock.advance(1)
