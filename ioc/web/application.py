"""The web application: puts the rooms together; holds no page and no rule itself."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles
from typing_extensions import override

from ioc.web import feed_route
from ioc.web.api import alarms as alarms_api
from ioc.web.api import broadcasts as broadcasts_api
from ioc.web.api import devices as devices_api
from ioc.web.api import duty as duty_api
from ioc.web.api import evidence as evidence_api
from ioc.web.api import handling as handling_api
from ioc.web.api import handovers as handovers_api
from ioc.web.api import keeping as keeping_api
from ioc.web.api import notices as notices_api
from ioc.web.api import rules as rules_api
from ioc.web.api import shelves as shelves_api
from ioc.web.api import sources as sources_api
from ioc.web.api import station as station_api
from ioc.web.api import together as together_api
from ioc.web.failures import register_failures
from ioc.web.feed import Feed
from ioc.web.gateway_routes import create_gateway_router
from ioc.web.limits import FailedLogins
from ioc.web.openapi import describe
from ioc.web.pages import (
    broadcasting,
    console,
    devices,
    duty,
    keeping,
    login,
    notices,
    phone,
    proofs,
    rules,
    speaking,
    station,
    together,
)
from ioc.web.security import Guard

if TYPE_CHECKING:
    from ioc.centre import Centre

_STATIC = Path(__file__).with_name("static")


class _Application(FastAPI):
    @override
    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            self.openapi_schema = describe(
                title=self.title, version=self.version, routes=self.routes
            )
        return self.openapi_schema


def create_application(centre: "Centre") -> FastAPI:
    """Return the application that serves this centre to browsers, programs and gateways."""
    application = _Application(
        title="Commune IOC",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    application.state.centre = centre
    application.state.failed_logins = FailedLogins(centre.clock)
    application.state.feed = Feed(
        store=centre.store, people=centre.people, listening=centre.listening
    )
    application.state.recent_orders = broadcasts_api.RecentOrders()
    register_failures(application)
    for room in (
        login,
        console,
        together,
        broadcasting,
        speaking,
        devices,
        proofs,
        phone,
        station,
        rules,
        duty,
        notices,
        feed_route,
        keeping,
    ):
        application.include_router(room.router)
    for interface in (
        alarms_api,
        together_api,
        shelves_api,
        handling_api,
        duty_api,
        handovers_api,
        notices_api,
        rules_api,
        evidence_api,
        devices_api,
        broadcasts_api,
        sources_api,
        station_api,
        keeping_api,
    ):
        application.include_router(interface.router)
    application.include_router(create_gateway_router(centre))
    application.mount("/static", StaticFiles(directory=_STATIC), name="static")
    application.add_middleware(Guard)
    return application
