"""Nobody reaches a thing of another hamlet: every route of the document that names one, in a table."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import pytest

from ioc import administration
from ioc.web.openapi.document import operations
from tests.ioc.web.openapi.furnished import NEIGHBOUR, TEXT, Caller, Served, serve_village
from tests.ioc.web.reporting_gateway import camera, loudspeaker

NAMING = ("_id", "alarm_ids", "sha256", "number", "login")
"""How the names of parameters and keys end that stand for a thing."""
REASON = {"reason": "Công an xã yêu cầu giữ"}
SPEAKER = {"gateway_id": "tu-ban-chuong", "device_id": "loa-cong"}
OWN_SPEAKER = {"gateway_id": "tu-na-lay", "device_id": "loa-suoi"}

NOT_OF_A_HAMLET = {
    "read_bank": "the phrase bank is the whole commune's",
    "record_phrase": "the phrase bank is the whole commune's",
    "preview_phrases": "the phrase bank is the whole commune's",
    "remove_template": "the phrase bank is the whole commune's",
    "change_rules": "its number counts the texts of the commune's rules",
    "deliver_evidence": "a gateway's token; see the test of gateways",
    "fetch_audio": "a gateway's token; see the test of gateways",
}
"""Operations that name something which belongs to no hamlet, and why."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A request about a thing of Bản Chương; `{…}` in the path stands for its id, `{alarm_id}` in a body too."""

    body: dict[str, Any] | None = None
    query: dict[str, str] = field(default_factory=dict)
    sha256: str = "sha256"
    """Which of the things that are named by their content."""
    number: str = "handover"
    needs_preview: bool = False
    """Whether the order repeats what the person has heard."""


ATTEMPTS = {
    "read_alarm": Attempt(),
    "answer_alarms_together": Attempt(
        body={"deed": "acknowledge", "alarm_ids": ["{alarm_id}"], "as_of": 0}
    ),
    "acknowledge_alarm": Attempt(),
    "close_alarm": Attempt(),
    "mark_alarm_false": Attempt(body={"reason": "shadow"}),
    "undo_false_mark": Attempt(),
    "mark_fixture": Attempt(body={"object_id": "x"}),
    "forget_fixture": Attempt(body={"object_id": "x"}),
    "shelve_alarm": Attempt(body={"reason": "x", "span": "1h"}),
    "stop_watching": Attempt(body={"reason": "x", "span": "1h"}),
    "unshelve_alarm": Attempt(),
    "hold_alarm": Attempt(body=REASON),
    "release_alarm": Attempt(body=REASON),
    "take_alarm": Attempt(body={}),
    "assign_alarm": Attempt(body={"login": "truc"}),
    "read_assignable": Attempt(),
    "add_comment": Attempt(body={"text": "x"}),
    "read_alarm_notifications": Attempt(),
    "read_notification": Attempt(),
    "prefer_contact": Attempt(),
    "test_contact": Attempt(),
    "remove_contact": Attempt(),
    "switch_rule": Attempt(body={"enabled": False}),
    "read_evidence": Attempt(),
    "read_series": Attempt(query={"measure": "camera_fps", "gateway_id": "tu-ban-chuong"}),
    "read_audio": Attempt(sha256="audio_sha256"),
    "preview_recording": Attempt(sha256="recording", body={}),
    "read_broadcast": Attempt(),
    "stop_broadcast": Attempt(),
    "repeat_broadcast": Attempt(body=SPEAKER),
    "told_in_person": Attempt(body=SPEAKER),
    "order_broadcast": Attempt(body={"loudspeakers": [SPEAKER]}, needs_preview=True),
    "order_relay": Attempt(
        body={
            "loudspeakers": [SPEAKER],
            "title": "Đài huyện",
            "stream_url": "https://phatthanh.example/a.mp3",
            "duration_s": 60,
        }
    ),
    "test_loudspeakers": Attempt(body={"loudspeakers": [SPEAKER]}),
    "add_talk_down": Attempt(
        body={
            "gateway_id": "tu-ban-chuong",
            "camera_id": "cam-cho",
            "causes": ["littering"],
            "loudspeaker_ids": ["loa-nha"],
        },
        needs_preview=True,
    ),
    "change_talk_down": Attempt(
        body={
            "gateway_id": "tu-ban-chuong",
            "camera_id": "cam-cong",
            "causes": ["littering"],
            "loudspeaker_ids": ["loa-cong"],
        },
        needs_preview=True,
    ),
    "remove_talk_down": Attempt(),
    "read_on_duty": Attempt(query={"area_id": "ban-chuong"}),
    "read_roster_people": Attempt(query={"area_id": "ban-chuong"}),
    "add_shift": Attempt(
        body={"area_id": "ban-chuong", "begins": "07:00", "ends": "19:00", "days": ["tue"]}
        | {"person": "truc"}
    ),
    "remove_shift": Attempt(number="shift"),
    "read_handover": Attempt(),
    "take_over": Attempt(body={}),
}


async def test_every_operation_that_names_a_thing_is_in_the_table(site):
    """A route that is added without a line here fails; so does a line without its route."""
    document = site.application.openapi()
    known = document["components"]["schemas"]
    naming = {
        operation["operationId"]
        for _, _, operation in operations(document)
        if _names_a_thing(operation, known)
    }
    assert naming - ATTEMPTS.keys() - NOT_OF_A_HAMLET.keys() == set()
    assert (ATTEMPTS.keys() | NOT_OF_A_HAMLET.keys()) - naming == set()


@pytest.mark.timeout(60)
async def test_the_neighbours_things_are_out_of_reach(tmp_path, clock):
    """An operator of one hamlet, and who may do anything there, get 403 or 404 for the other's."""
    async with (
        serve_village(tmp_path, clock, database_url=None) as served,
        served.caller("trucnalay") as operator,
        served.caller(NEIGHBOUR) as neighbour,
        served.caller("quantri") as admin,
    ):
        before = await _everything(admin)
        for caller in (operator, neighbour):
            answers = await _attempts(served, caller)
            assert {name: code for name, code in answers.items() if code not in (403, 404)} == {}
        assert await _everything(admin) == before
        # The same requests of somebody who may: what was refused does exist.
        allowed = await _attempts(served, admin)
        assert {name: code for name, code in allowed.items() if code in (401, 403, 404)} == {}


async def test_gateways_reach_their_own_things_only(tmp_path, clock):
    """Another gateway's picture is not taken, another one's announcement not given."""
    async with serve_village(tmp_path, clock, database_url=None, empty=True) as served:
        _, pictures = await served.village.ban_chuong.see_littering()
        async with served.caller("quantri") as admin:
            order = {"loudspeakers": [SPEAKER]} | await _heard(admin)
            await admin.made("/api/broadcasts", order)
        headers = {"authorization": f"Bearer {served.village.tokens['tu-na-lay']}"}
        async with served.caller(None) as caller:
            answer = await caller.http.put(
                f"/gateway/evidence/{next(iter(pictures))}", content=b"x", headers=headers
            )
            assert answer.status_code == 404
            path = f"/gateway/audio/{order['audio_sha256']}"
            assert (await caller.http.get(path, headers=headers)).status_code == 404
            own = {"authorization": f"Bearer {served.village.tokens['tu-ban-chuong']}"}
            assert (await caller.http.get(path, headers=own)).status_code == 200


async def test_an_order_may_not_borrow_the_neighbours_alarm(tmp_path, clock):
    """Not even for one's own loudspeaker: the alarm's page would show it."""
    async with (
        serve_village(tmp_path, clock, database_url=None, empty=True) as served,
        served.caller(NEIGHBOUR) as neighbour,
    ):
        alarm_id, _ = await served.village.ban_chuong.see_littering()
        order = {"loudspeakers": [OWN_SPEAKER]} | await _heard(neighbour)
        assert (await neighbour.send("POST", "/api/broadcasts", json=order)).status_code == 201
        refused = await neighbour.send(
            "POST", "/api/broadcasts", json=order | {"alarm_id": alarm_id}
        )
        assert refused.status_code in (403, 404)


async def test_a_talk_down_cannot_be_moved_away_from_the_neighbours(tmp_path, clock):
    """Where one gateway serves both hamlets, a change would be a removal."""
    async with (
        serve_village(tmp_path, clock, database_url=None, empty=True) as served,
        served.caller("quantri") as admin,
        served.caller(NEIGHBOUR) as neighbour,
    ):
        centre = served.village.centre
        await administration.add_gateway(
            centre.settings, clock, ids=("sang-moc", "tu-xa"), name="Tủ xã", area_id="xa"
        )
        gateway = replace(served.village.ban_chuong, gateway_id="tu-xa", epoch=str(uuid4()))
        await gateway.be_born(
            [
                camera("cam-cong", "Cổng làng", "ban-chuong", ["loa-cong"]),
                camera("cam-cau", "Cầu treo", "na-lay", ["loa-cau"]),
                loudspeaker("loa-cong", "Loa Cổng làng", "ban-chuong"),
                loudspeaker("loa-cau", "Loa Cầu treo", "na-lay"),
            ]
        )
        place = {"gateway_id": "tu-xa", "causes": ["littering"]}
        theirs = place | {"camera_id": "cam-cong", "loudspeaker_ids": ["loa-cong"]}
        kept = await admin.made("/api/talk-downs", theirs | await _heard(admin))
        own = place | {"camera_id": "cam-cau", "loudspeaker_ids": ["loa-cau"]}
        own |= await _heard(neighbour)
        path = f"/api/talk-downs/{kept['talk_down_id']}"
        assert (await neighbour.send("POST", path, json=own)).status_code == 404
        assert (await neighbour.send("POST", "/api/talk-downs", json=own)).status_code == 201
        standing = (await admin.http.get("/api/talk-downs")).json()
        assert {each["camera_id"] for each in standing} == {"cam-cong", "cam-cau"}


async def _attempts(served: Served, caller: Caller) -> dict[str, int]:
    """Try everything in the table; return the status codes by operation."""
    async with served.caller("quantri") as admin:
        document = (await admin.http.get("/api/openapi.json")).json()
    routes = {each["operationId"]: (path, method) for path, method, each in operations(document)}
    answers = {}
    for name, attempt in ATTEMPTS.items():  # in its order: what removes something comes last
        path, method = routes[name]
        heard = await _heard(caller) if attempt.needs_preview else {}
        body = None if attempt.body is None else _named(attempt.body, served) | heard
        answer = await caller.send(
            method.upper(), _filled(path, served, attempt), params=attempt.query, json=body
        )
        assert answer.status_code < 500, answer.text
        answers[name] = answer.status_code
    return answers


def _filled(path: str, served: Served, attempt: Attempt) -> str:
    known = served.ids["xa"] | served.ids["ban-chuong"]
    ids = {name: str(values[0]) for name, values in known.items()}
    return path.format_map(ids | {"sha256": ids[attempt.sha256], "number": ids[attempt.number]})


def _named(body: dict[str, Any], served: Served) -> dict[str, Any]:
    alarm_id = str(served.ids["ban-chuong"]["alarm_id"][0])
    named = {"alarm_ids": [alarm_id]} if body.get("alarm_ids") == ["{alarm_id}"] else {}
    return body | named


async def _heard(caller: Caller) -> dict[str, str]:
    preview = await caller.made("/api/previews", {"text": TEXT})
    return {"text": TEXT, "audio_sha256": preview["audio_sha256"]}


async def _everything(admin: Caller) -> list[str]:
    paths = ("alarms?tab=all", "talk-downs", "roster", "retention", "rules", "contacts")
    return [(await admin.http.get(f"/api/{path}")).text for path in paths]


def _names_a_thing(operation: dict[str, Any], known: dict[str, Any]) -> bool:
    names = [each["name"] for each in operation.get("parameters", ())]
    names += [each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    names += _keys(body.get("schema", {}), known)
    in_path = any(each["in"] == "path" for each in operation.get("parameters", ()))
    return in_path or any(name.endswith(NAMING) for name in names if name != "request_id")


def _keys(schema: dict[str, Any], known: dict[str, Any]) -> list[str]:
    if reference := schema.get("$ref"):
        schema = known[reference.rpartition("/")[2]]
    inner = [*schema.get("anyOf", ()), *[schema[key] for key in ("items",) if key in schema]]
    keys = list(schema.get("properties", {}))
    for value in (*inner, *schema.get("properties", {}).values()):
        keys += _keys(value, known)
    return keys
