"""The devices page: states in words, since when, and one chart."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ioc.centre import Centre
from ioc.people import Access
from ioc.station import read_last_tests
from ioc.web.identity import Reader, TheCentre
from ioc.web.pages.login import home_of
from ioc.web.pages.saying import Speech
from ioc.web.pages.station_sayings import describe_self_test
from ioc.web.reading.devices import list_devices, list_gateways
from ioc.web.reading.fixtures import FixtureView, list_fixtures
from ioc.web.reading.head import read_head
from ioc.web.reading.places import read_places
from ioc.web.rendering import Page, ThePage

router = APIRouter(include_in_schema=False)


@router.get("/thiet-bi")
async def show_devices(centre: TheCentre, access: Reader, page: ThePage) -> Response:
    """All gateways and devices of the person's areas."""
    if not access.may_open_console:
        return RedirectResponse(home_of(access), status_code=303)
    values = await _tables(centre, access, page)
    tables = page.fragment("device_tables.html", **values)
    return page.answer("devices.html", tables=tables, tab="devices", head=values["head"])


@router.get("/manh/thiet-bi")
async def show_tables(centre: TheCentre, access: Reader, page: ThePage) -> HTMLResponse:
    """The tables and the counts, to be merged into the page."""
    values = await _tables(centre, access, page)
    return page.answer("device_tables_and_counts.html", **values)


async def _tables(centre: Centre, access: Access, page: Page) -> dict[str, Any]:
    async with centre.store.read() as connection:
        gateways = await list_gateways(
            connection, access, series=centre.series, now=centre.clock.now()
        )
        devices = await list_devices(connection, access)
        fixtures = await list_fixtures(connection, access, now=centre.clock.now())
        places = await read_places(connection, centre.settings)
        head = await read_head(connection, access, centre)
        tests = await read_last_tests(connection)
    series = await centre.series.standing()
    speech = Speech(wording=page.wording, places=places)
    online = {gateway.gateway_id for gateway in gateways if gateway.state == "online"}

    def forgetting(fixture: FixtureView) -> str:
        is_online = fixture.gateway_id in online
        return speech.fixture(fixture.forgetting, gateway_online=is_online, deed="forgetting")

    return {
        "fixtures": fixtures,
        "forgetting": forgetting,
        "may_acknowledge": access.may_acknowledge,
        "may_test": access.may_test_loudspeakers,
        "tests": tests,
        "self_test": lambda tested: describe_self_test(tested, page.wording),
        "gateways": gateways,
        "devices": devices,
        "series": series,
        "places": places,
        "head": head,
        "gateway_state": speech.gateway_state,
        "device_state": speech.device_state,
    }
