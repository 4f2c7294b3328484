"""A whole centre for the tests of its web pages, with people and two gateways."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from argon2 import PasswordHasher

from ioc import administration
from ioc.app import compose
from ioc.centre import Centre
from ioc.clock import Clock
from ioc.people import People, Role
from ioc.people.passwords import PasswordVault
from ioc.settings import Settings
from tests.ioc.web.reporting_gateway import ReportingGateway, camera, loudspeaker

PEOPLE = {
    "truc": (Role.OPERATOR, "Ma Thị Lan", "xa"),
    "xem": (Role.VIEWER, "Lý Văn Xem", "xa"),
    "kythuat": (Role.TECHNICIAN, "Hoàng Văn Kỹ", "xa"),
    "quantri": (Role.ADMIN, "Nông Thị Quản", "xa"),
    "truongxom": (Role.HAMLET_HEAD, "Triệu Văn Hào", "ban-chuong"),
    "trucnalay": (Role.OPERATOR, "Đặng Thị Lay", "na-lay"),
}
AT_ONCE = {"on_delay_s": 0, "off_delay_s": 0}


def village_settings(folder: Path, *, port: int = 8080) -> Settings:
    """Return the settings of a commune with two hamlets, its data in `folder`."""
    return Settings.model_validate(
        {
            "data_dir": folder / "data",
            "commune": {"name": "Xã Sảng Mộc", "hamlet_word": "xóm"},
            "areas": [
                {"id": "xa", "name": "Xã Sảng Mộc"},
                {"id": "ban-chuong", "name": "Bản Chương", "parent": "xa"},
                {"id": "na-lay", "name": "Nà Lay", "parent": "xa"},
            ],
            "web": {"port": port},
            "alarms": {"kinds": {"device_down": AT_ONCE, "gateway_down": AT_ONCE}},
        }
    )


@dataclass(kw_only=True)
class Village:
    """A running centre with its people's passwords and its two gateways."""

    centre: Centre
    passwords: dict[str, str]
    tokens: dict[str, str]
    """What each gateway proves itself with over HTTP."""
    ban_chuong: ReportingGateway
    na_lay: ReportingGateway


@asynccontextmanager
async def open_village(
    folder: Path, clock: Clock, *, settings: Settings | None = None
) -> AsyncIterator[Village]:
    """Give a centre with people, and two gateways that have said who they are."""
    settings = settings or village_settings(folder)
    await administration.init(settings)
    tokens = {}
    for gateway_id, area_id in (("tu-ban-chuong", "ban-chuong"), ("tu-na-lay", "na-lay")):
        added = await administration.add_gateway(
            settings,
            clock,
            ids=("sang-moc", gateway_id),
            name="Tủ Nhà văn hóa" if area_id == "ban-chuong" else "Tủ Bờ suối",
            area_id=area_id,
        )
        tokens[gateway_id] = added.token
    async with compose(settings, clock=clock) as composed:
        composed.listening.freed("broker")  # gateways report without one
        # Cheap hashes: what Argon2 costs is not what these tests are about.
        vault = PasswordVault(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        people = People(store=composed.centre.store, clock=clock, vault=vault)
        running = replace(composed, centre=replace(composed.centre, people=people))
        passwords = {
            login: await running.centre.people.add_user(login, name=name, role=role, area_id=area)
            for login, (role, name, area) in PEOPLE.items()
        }
        village = Village(
            centre=running.centre,
            passwords=passwords,
            tokens=tokens,
            ban_chuong=ReportingGateway(running=running, gateway_id="tu-ban-chuong"),
            na_lay=ReportingGateway(running=running, gateway_id="tu-na-lay"),
        )
        await village.ban_chuong.be_born(
            [
                camera("cam-cong", "Cổng làng", "ban-chuong", ["loa-cong", "loa-nha"]),
                camera("cam-cho", "Chợ cũ", "ban-chuong", ["loa-nha"]),
                loudspeaker("loa-cong", "Loa Cổng làng", "ban-chuong"),
                loudspeaker("loa-nha", "Loa Nhà văn hóa", "ban-chuong"),
            ]
        )
        await village.na_lay.be_born(
            [
                camera("cam-suoi", "Bờ suối", "na-lay", ["loa-suoi"]),
                loudspeaker("loa-suoi", "Loa Bờ suối", "na-lay"),
            ]
        )
        yield village
