"""While the store of measurements is away the pages say so, and everything else goes on."""

from dataclasses import replace

import pytest

from contracts.telemetry import Metric
from ioc.timeseries import Point, SeriesKey, SeriesSettings, SeriesUnavailable, open_series
from ioc.web.application import create_application

KEY = SeriesKey(gateway_id="tu-ban-chuong", metric=Metric.OUTBOX_DEPTH)
CHART = "/api/series?measure=cpu_share&gateway_id=tu-ban-chuong"


@pytest.fixture
async def cut_off(site, clock, tmp_path, free_port):
    """The village with a store of measurements at an address where nobody answers."""
    folder = tmp_path / "cut-off"
    folder.mkdir()
    settings = SeriesSettings(store="victoriametrics", url=f"http://127.0.0.1:{free_port}")
    async with open_series(folder, settings, clock=clock) as series:
        await series.write([Point(key=KEY, sampled_at=clock.now(), value=3.0)])
        with pytest.raises(SeriesUnavailable):
            await series.run()
        centre = replace(
            site.village.centre,
            series=series,
            settings=site.village.centre.settings.model_copy(update={"series": settings}),
        )
        yield replace(site, application=create_application(centre))


async def test_pages_say_that_measurements_wait(cut_off):
    """How many, since when, and that none is lost; devices are listed as always."""
    async with cut_off.sign_in("kythuat") as browser:
        page = (await browser.get("/thiet-bi")).text
        assert "1 số đo đang chờ từ 07:00" in page
        assert "chưa mất số nào" in page
        assert "Tủ kỹ thuật" in page
        assert (await browser.get("/api/devices")).json()["gateways"][0]["backlog"] is None


async def test_a_chart_is_refused_in_words(cut_off):
    """Instead of one that looks as if nothing had been measured."""
    async with cut_off.sign_in("kythuat") as browser:
        answer = await browser.get(CHART)
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "series_away"


@pytest.mark.parametrize(("login", "status"), [("kythuat", 200), ("quantri", 200), ("truc", 403)])
async def test_the_technician_reads_why(cut_off, login, status):
    """The operator need not."""
    async with cut_off.sign_in(login) as browser:
        answer = await browser.get("/api/series/store")
        assert answer.status_code == status
        if status == 200:
            told = answer.json()
            assert (told["store"], told["waiting"], told["refused"]) == ("victoriametrics", 1, 0)
            assert "does not answer" in told["fault"]


async def test_a_store_that_works_is_not_talked_about(site):
    """The line is there only when it is needed."""
    async with site.sign_in("kythuat") as browser:
        assert "Kho số đo" not in (await browser.get("/thiet-bi")).text
        assert (await browser.get("/api/series/store")).json()["fault"] == ""
