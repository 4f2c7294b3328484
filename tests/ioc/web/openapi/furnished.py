"""A village full of things, served over a real socket, and people signed in to it over that socket."""

import asyncio
import socket
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from contracts.events import BroadcastState, DeviceDown, DeviceKind, DownReason
from contracts.telemetry import Metric
from ioc.clock import Clock
from ioc.notify.settings import Notify, Telegram, WebPush
from ioc.people import Role
from ioc.settings import Settings
from ioc.store.settings import DatabaseSettings
from ioc.web.application import create_application
from tests.ioc.notify.parcels import secret
from tests.ioc.sounds.recorded import record, voice
from tests.ioc.web.reporting_gateway import ReportingGateway
from tests.ioc.web.village import Village, open_village, village_settings

TEXT = "Đề nghị không đổ rác tại đây."
RULES = """\
rules:
  - id: camera-hong
    name: Camera hỏng
    priority: critical
    event: {kind: device.down, where: {reason: auth_failed}}
    advice: Gọi kỹ thuật viên.
"""
NEIGHBOUR = "quantrinalay"
Ids = dict[str, list[str | int]]
"""By the name of a parameter or of a key in a body."""


@dataclass(kw_only=True)
class Caller:
    """Somebody's program: signed in (`csrf` proves it) or not."""

    http: httpx.AsyncClient
    csrf: str = ""

    @property
    def credentials(self) -> dict[str, str]:
        """What a program of another maker must send to be this person, by scheme."""
        if not self.csrf:
            return {}
        return {"session": self.http.cookies["ioc_session"], "csrf": self.csrf}

    async def send(self, method: str, path: str, **what: object) -> httpx.Response:
        return await self.http.request(method, path, headers={"x-csrf-token": self.csrf}, **what)

    async def made(self, path: str, body: object) -> dict | list:
        """Post something that must be taken; return the answer."""
        answer = await self.send("POST", path, json=body)
        assert answer.is_success, (path, answer.text)
        return answer.json() if answer.content else {}


@dataclass(kw_only=True)
class Served:
    """The village at `url`; `ids` of the things in each hamlet, and of those of the commune."""

    url: str
    village: Village
    ids: dict[str, Ids] = field(default_factory=lambda: defaultdict(dict))

    @asynccontextmanager
    async def caller(self, login: str | None) -> AsyncIterator[Caller]:
        """Give a program of `login`; None: of nobody."""
        async with httpx.AsyncClient(base_url=self.url, timeout=60) as http:
            if login is None:
                yield Caller(http=http)
                return
            fields = {"login": login, "password": self.village.passwords[login]}
            answer = await http.post("/dang-nhap", data=fields)
            assert answer.status_code == 303, answer.text
            me = (await http.get("/api/me")).json()
            yield Caller(http=http, csrf=me["csrf_token"])


@asynccontextmanager
async def serve_village(
    folder: Path, clock: Clock, *, database_url: str | None, empty: bool = False
) -> AsyncIterator[Served]:
    """Give a village behind a socket, on the database at `database_url`: full of things or `empty`."""
    settings = _settings(folder, database_url)
    async with open_village(folder, clock, settings=settings) as village:
        application = create_application(village.centre)
        async with _listen(application) as url:
            served = Served(url=url, village=village)
            await _add_people(served)
            if not empty:
                await _furnish(served, folder)
            yield served


@asynccontextmanager
async def _listen(application: FastAPI) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(application, log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve([listener]), name="server")
            while not server.started:
                await asyncio.sleep(0.01)
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True


def _settings(folder: Path, database_url: str | None) -> Settings:
    base = village_settings(folder)
    notify = Notify(
        web_push=WebPush(contact="mailto:ioc@example.org"),
        telegram=Telegram(token_file=secret(folder, "token", "1:BI-MAT")),
    )
    database = DatabaseSettings(url=database_url)
    return base.model_copy(update={"notify": notify, "database": database})


async def _add_people(served: Served) -> None:
    """Add who may do everything, but in one hamlet only: refusals are about areas then."""
    village = served.village
    village.passwords[NEIGHBOUR] = await village.centre.people.add_user(
        NEIGHBOUR, name="Nông Văn Bên", role=Role.ADMIN, area_id="na-lay"
    )


async def _furnish(served: Served, folder: Path) -> None:
    village = served.village
    hamlets = {
        "ban-chuong": (village.ban_chuong, "cam-cong", "loa-cong"),
        "na-lay": (village.na_lay, "cam-suoi", "loa-suoi"),
    }
    async with served.caller("quantri") as admin:
        await _furnish_commune(served, admin, folder)
        for hamlet, (gateway, camera_id, loudspeaker_id) in hamlets.items():
            ids = served.ids[hamlet]
            ids["gateway_id"] = [gateway.gateway_id]
            ids["device_id"] = [loudspeaker_id, camera_id]
            ids["camera_id"], ids["loudspeaker_ids"] = [camera_id], [loudspeaker_id]
            await _furnish_alarms(gateway, camera_id, ids, admin)
            await _furnish_station(gateway, ids, admin)


async def _furnish_commune(served: Served, admin: Caller, folder: Path) -> None:
    ids = served.ids["xa"]
    await admin.made("/api/rules", {"text": RULES, "number": 0})
    ids["rule_id"], ids["language"] = ["camera-hong"], ["tay"]
    contacts = await admin.made("/api/contacts", {"channel": "telegram", "address": "5566"})
    ids["contact_id"] = [contacts[-1]["contact_id"]]
    tested = await admin.made(f"/api/contacts/{ids['contact_id'][0]}/test", {})
    ids["notification_id"] = [tested["notification_id"]]
    await admin.made("/api/phrase-places", {"name": "Nhà văn hóa"})
    shift = {"area_id": "ban-chuong", "begins": "07:00", "ends": "19:00", "days": ["mon"]}
    roster = await admin.made("/api/roster/shifts", shift | {"person": "truc"})
    handover = await admin.made("/api/handovers", {"note": "Không có gì lạ"})
    ids["shift"], ids["handover"] = [roster["shifts"][0]["number"]], [handover["number"]]
    template = await admin.made("/api/phrase-templates", {"pattern": "Họp tại {nơi}"})
    ids["template_id"] = [template["made_id"]]
    bank = (await admin.http.get("/api/phrases/tay")).json()
    ids["key"] = [bank["missing"][0]["key"]]
    body = record(folder / "chrome.webm", voice(1.5)).read_bytes()
    answer = await admin.send("POST", "/api/recordings?title=Tin", content=body)
    assert answer.status_code == 201, answer.text
    ids["recording"] = [answer.json()["audio_sha256"]]


async def _furnish_alarms(
    gateway: ReportingGateway, camera_id: str, ids: Ids, admin: Caller
) -> None:
    down = DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.AUTH_FAILED)
    for _ in gateway.gateway_id:  # of another length in each hamlet, so that their pictures differ
        event_id = await gateway.report(down, device_id=camera_id)
    alarm_id, pictures = await gateway.see_littering(camera_id)
    await gateway.upload(pictures)
    ids["sha256"] = list(pictures)[:1]
    ids["object_id"] = await gateway.objects_of(alarm_id)
    await gateway.measure(Metric.CAMERA_FPS, [25.0, 24.0, 12.5], device_id=camera_id)
    ids["alarm_id"] = [alarm_id, await gateway.alarm_of(event_id)]
    reason = {"reason": "Công an xã yêu cầu giữ"}
    await admin.made(f"/api/alarms/{alarm_id}/hold", reason)
    await admin.made(f"/api/alarms/{alarm_id}/acknowledge", {})


async def _furnish_station(gateway: ReportingGateway, ids: Ids, admin: Caller) -> None:
    (loudspeaker_id,) = ids["loudspeaker_ids"]
    text = f"{TEXT} {gateway.gateway_id.removeprefix('tu-')}."
    preview = await admin.made("/api/previews", {"text": text})
    spoken = {"text": text, "audio_sha256": preview["audio_sha256"]}
    ids["audio_sha256"], ids["text"] = [preview["audio_sha256"]], [text]
    place = {"gateway_id": gateway.gateway_id}
    where = {"loudspeakers": [place | {"device_id": loudspeaker_id}]}
    broadcast = await admin.made("/api/broadcasts", spoken | where)
    ids["broadcast_id"] = [broadcast["broadcast_id"]]
    await gateway.play(
        broadcast["broadcast_id"],
        loudspeaker_id,
        *(BroadcastState.ACCEPTED, BroadcastState.STARTED, BroadcastState.FINISHED),
    )
    talk_down = {"camera_id": ids["camera_id"][0], "loudspeaker_ids": [loudspeaker_id]}
    kept = await admin.made(
        "/api/talk-downs", place | talk_down | spoken | {"causes": ["littering"]}
    )
    ids["talk_down_id"] = [kept["talk_down_id"]]
