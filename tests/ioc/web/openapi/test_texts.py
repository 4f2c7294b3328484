"""Whatever people write is kept as written and shown as text: no page makes markup or SQL of it."""

from html.parser import HTMLParser

import pytest

from tests.ioc.web.openapi.furnished import Caller, Served, serve_village

SQL = "'; DROP TABLE alarms; --"
MARKED = "x{n}x<img src=x onerror=alert(1)><script>alert({n})</script>" + SQL
PAGES = (
    "/",
    "/?muc=tat-ca",
    "/thiet-bi",
    "/phat-thanh",
    "/cau-ghi-san?lang=vi",
    "/loa",
    "/quy-tac",
)
PAGES += ("/luu-giu", "/nhat-ky-phat-thanh", "/nhat-ky-phat-thanh/bao-cao", "/nhac-qua-loa")
PAGES += ("/thong-bao", "/truc-ban", "/giao-ca", "/so-truc", "/so-truc/in", "/manh/danh-sach")


class Text(HTMLParser):
    """What a reader sees, and every element that a page of ours never has."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.foreign: list[str] = []

    def handle_starttag(self, tag, attrs):
        values = {name: value or "" for name, value in attrs}
        inline = tag == "script" and not values.get("src", "").startswith("/static/")
        handlers = [name for name in values if name.startswith("on")]
        if inline or handlers or values.get("src") == "x":
            self.foreign.append(f"{tag} {values}")
        self.seen += values.values()

    def handle_data(self, data):
        self.seen.append(data)


@pytest.mark.timeout(60)
async def test_markup_in_every_text_stays_text(tmp_path, clock):
    """Sent as every field that takes free text, in both languages, on every page."""
    async with (
        serve_village(tmp_path, clock, database_url=None) as served,
        served.caller("quantri") as admin,
    ):
        before = (await admin.http.get("/api/alarms?tab=all")).json()["counts"]
        written = await _write_everywhere(served, admin)
        seen, foreign = await _read_everything(served, admin)
        assert foreign == []
        assert [text for text in written if text not in seen] == []
        assert (await admin.http.get("/api/alarms?tab=all")).json()[
            "counts"
        ].keys() == before.keys()


async def _write_everywhere(served: Served, admin: Caller) -> list[str]:
    """Write a marked text into every field; return those that pages show without a script."""
    ids = served.ids["ban-chuong"]
    first, second = (f"/api/alarms/{alarm_id}" for alarm_id in ids["alarm_id"])
    texts = [MARKED.format(n=number) for number in range(10)]
    await admin.made(f"{first}/comments", {"text": texts[0]})
    await admin.made(f"{second}/hold", {"reason": texts[1]})
    await admin.made(f"{second}/shelve", {"reason": texts[2], "span": "1h"})
    contact = {"channel": "telegram", "address": "7788", "label": texts[3][:80]}
    await admin.made("/api/contacts", contact)
    await admin.made("/api/phrase-places", {"name": texts[4]})
    spoken = await _heard(admin, texts[5])
    where = {"loudspeakers": [{"gateway_id": "tu-ban-chuong", "device_id": "loa-cong"}]}
    await admin.made("/api/broadcasts", spoken | where)
    talk_down = {"gateway_id": "tu-ban-chuong", "camera_id": "cam-cho", "causes": ["littering"]}
    zone = {"loudspeaker_ids": ["loa-nha"], "zone": texts[6]}
    await admin.made("/api/talk-downs", talk_down | zone | spoken)
    async with served.caller("truc") as operator:
        await operator.made("/api/handovers/1/accept", {"note": texts[7]})
        await operator.made("/api/handovers", {"note": texts[8]})
    rules = (await admin.http.get("/api/rules")).json()
    text = rules["text"].replace("Camera hỏng", f'"{texts[9]}"')
    await admin.made("/api/rules", {"text": text, "number": rules["number"]})
    return [*texts[:3], texts[3][:80], *texts[5:]]


async def _heard(admin: Caller, text: str) -> dict[str, str]:
    preview = await admin.made("/api/previews", {"text": text})
    return {"text": text, "audio_sha256": preview["audio_sha256"]}


async def _read_everything(served: Served, admin: Caller) -> tuple[str, list[str]]:
    alarm_ids = served.ids["ban-chuong"]["alarm_id"]
    pieces = [f"/manh/canh-bao/{alarm_id}" for alarm_id in alarm_ids]
    pieces += [f"/?canh-bao={alarm_id}&lang=en" for alarm_id in alarm_ids]
    reader = Text()
    for path in (*PAGES, *pieces):
        answer = await admin.http.get(path)
        assert answer.status_code == 200, path
        reader.feed(answer.text)
    return "\n".join(reader.seen), reader.foreign
