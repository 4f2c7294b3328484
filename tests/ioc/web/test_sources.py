"""Making announcements through the real application: recordings, phrases, relays, questions."""

from datetime import timedelta

import numpy as np
import pytest

from contracts.commands import Relay, Speak
from tests.ioc.sounds.recorded import play, record, voice
from tests.ioc.web.conftest import ORIGIN
from tests.ioc.web.test_broadcasts import GATE, HALL, STREAM, preview, send
from tests.ioc.web.test_words import Outline

pytestmark = pytest.mark.timeout(60)  # recordings are opened in a process of their own

URL = "https://phatthanh.example/truc-tiep.mp3"


async def upload(browser, path, body):
    headers = {"x-csrf-token": browser.csrf, "origin": ORIGIN}
    return await browser.http.post(path, content=body, headers=headers)


def voice_of(tmp_path, **others) -> bytes:
    return record(tmp_path / "chrome.webm", voice(1.5, **others)).read_bytes()


async def test_a_recording_is_uploaded_heard_and_broadcast(site, tmp_path):
    """Cleaned at the centre, played back to its author, and sent without a further question."""
    async with site.sign_in("truongxom") as browser:
        answer = await upload(
            browser, "/api/recordings?title=B%E1%BA%A3n%20tin%20s%C3%A1ng", voice_of(tmp_path)
        )
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert made["text"] == "Bản tin sáng"
        sound = await browser.get(f"/api/audio/{made['audio_sha256']}")
        kept = tmp_path / "kept.ogg"
        kept.write_bytes(sound.content)
        heard = play(kept)
        assert len(heard) / 48_000 == pytest.approx(made["duration_s"], abs=0.1)
        assert np.abs(heard).max() > 0.05
        order = {
            "text": made["text"],
            "audio_sha256": made["audio_sha256"],
            "loudspeakers": [GATE],
            "source": "phone",
        }
        sent = await browser.post("/api/broadcasts", order)
        assert (sent.status_code, sent.json()["kind"]) == (201, "recording")
    (command,) = await site.village.ban_chuong.orders()
    assert isinstance(command.data, Speak)
    assert command.data.audio.sha256 == made["audio_sha256"]
    assert command.data.level == "hamlet"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 422, "Tệp trống"),
        (b"not a sound " * 100, 422, "không phải âm thanh"),
        ("quiet", 422, "Nói to hơn, gần máy hơn"),
        (b"x" * 2_000_001, 413, "lớn hơn 2 MB"),
    ],
)
async def test_a_useless_recording_is_refused_in_a_sentence(site, tmp_path, body, status, said):
    """The author learns what to do; nothing is sent."""
    studio = site.village.centre.voice.studio
    object.__setattr__(studio.sources, "largest_upload_bytes", 2_000_000)
    if body == "quiet":
        body = voice_of(tmp_path, loudness=0.004)
    async with site.sign_in("truongxom") as browser:
        refused = await upload(browser, "/api/recordings", body)
        assert refused.status_code == status
        assert said in refused.json()["error"]["vi"]


async def test_who_may_not_speak_uploads_nothing(site, tmp_path):
    """Neither without an account, nor as a viewer, nor from another page."""
    body = voice_of(tmp_path)
    async with site.visitor() as http:
        refused = await http.post("/api/recordings", content=body, headers={"origin": ORIGIN})
        assert refused.status_code == 401
    async with site.sign_in("xem") as viewer:
        assert (await upload(viewer, "/api/recordings", body)).status_code == 403
        assert (await viewer.get("/phat-thanh")).status_code == 403
    async with site.sign_in("truc") as browser:
        headers = {"x-csrf-token": "forged", "origin": ORIGIN}
        answer = await browser.http.post("/api/recordings", content=body, headers=headers)
        assert answer.status_code == 403
        long = await browser.http.post("/api/previews", content=b"x" * 100_000, headers=headers)
        assert long.status_code == 413


async def test_a_question_is_asked_with_the_preview_and_its_answer_is_said(site):
    """The page shows what is unknown or has several meanings."""
    async with site.sign_in("truc") as browser:
        text = "BCH mời XMXD họp."
        asked = (await browser.post("/api/previews", {"text": text})).json()
        assert [(q["written"], q["why"]) for q in asked["questions"]] == [
            ("BCH", "ambiguous"),
            ("XMXD", "unknown"),
        ]
        readings = {"BCH": "ban chấp hành", "XMXD": "xóm mới <b>5</b>"}
        said = (await browser.post("/api/previews", {"text": text, "readings": readings})).json()
        assert said["spoken_text"].startswith("ban chấp hành mời xóm mới")
        assert "năm" in said["spoken_text"]
        assert "<" not in said["spoken_text"]
        assert said["questions"] == []


async def test_an_emergency_is_said_twice_and_a_drill_says_so(site):
    """What is sent must have been heard just so."""
    async with site.sign_in("truc") as browser:
        refused = await send(browser, GATE, priority="emergency")
        assert refused.status_code == 409
        assert "hai lần" in refused.json()["error"]["vi"]
        body = {"text": "Nước lên.", "said_twice": True, "status": "exercise", "chime": "attention"}
        heard = (await browser.post("/api/previews", body)).json()
        assert heard["spoken_text"] == (
            "Đây là diễn tập. Nước lên. Nhắc lại. Nước lên. Đây là diễn tập."
        )
        order = {
            "text": "Nước lên.",
            "audio_sha256": heard["audio_sha256"],
            "loudspeakers": [GATE, STREAM],
            "priority": "emergency",
            "status": "exercise",
        }
        sent = await browser.post("/api/broadcasts", order)
        assert sent.status_code == 201, sent.text
        page = (await browser.get(f"/manh/phat/{sent.json()['broadcast_id']}")).text
        assert "Diễn tập" in page


async def test_a_scheduled_broadcast_shows_when_it_plays(site, clock):
    """And one in turns reaches the second hamlet later."""
    at = clock.now() + timedelta(hours=2)
    async with site.sign_in("truc") as browser:
        sent = await send(browser, GATE, HALL, STREAM, not_before=at.isoformat(), turns=2)
        assert sent.status_code == 201, sent.text
        page = (await browser.get(f"/manh/phat/{sent.json()['broadcast_id']}")).text
        assert "Đã lên lịch: phát lúc 09:00" in page
        late = await send(browser, GATE, not_before=(clock.now() - timedelta(hours=1)).isoformat())
        assert late.status_code == 422
    (command,) = await site.village.na_lay.orders()
    assert command.data.not_before == at
    assert command.data.offsets_s["loa-suoi"] > 1


async def test_a_relay_is_ordered_by_the_administrator(site):
    """Others relay only the commune's stations, of which this commune has none."""
    order = {"title": "Đài tỉnh", "stream_url": URL, "duration_s": 600, "loudspeakers": [GATE]}
    async with site.sign_in("truc") as browser:
        refused = await browser.post("/api/relays", order)
        assert refused.status_code == 403
        assert (await browser.get("/api/stations")).json() == []
    async with site.sign_in("quantri") as browser:
        first = await browser.post("/api/relays", order | {"request_id": "a"})
        again = await browser.post("/api/relays", order | {"request_id": "a"})
        assert first.status_code == 201, first.text
        assert first.json()["broadcast_id"] == again.json()["broadcast_id"]
        for wrong in ({"stream_url": "file:///etc/passwd"}, {"duration_s": 0}):
            assert (await browser.post("/api/relays", order | wrong)).status_code == 422
        assert "Đài tỉnh" in (await browser.get(f"/manh/phat/{first.json()['broadcast_id']}")).text
    (command,) = await site.village.ban_chuong.orders()
    assert isinstance(command.data, Relay)
    assert (command.data.stream_url, command.data.duration_s) == (URL, 600)


async def test_phrases_are_recorded_and_put_together(site, tmp_path):
    """What is missing is listed, then named, then recorded; the sentence is broadcast."""
    async with site.sign_in("truc") as browser:
        made = await browser.post("/api/phrase-templates", {"pattern": "Họp lúc {giờ}"})
        assert made.status_code == 201, made.text
        template_id = made.json()["made_id"]
        bank = (await browser.get("/api/phrases/mong")).json()
        assert bank["name"] == "Mông"
        missing = {phrase["key"]: phrase["meaning"] for phrase in bank["missing"]}
        assert missing["hour:7"] == "bảy giờ"
        wish = {"template_id": template_id, "slots": {"giờ": "07:00"}}
        refused = await browser.post("/api/phrases/mong/preview", wish)
        assert refused.status_code == 409
        assert "“Họp lúc”, “bảy giờ”" in refused.json()["error"]["vi"]
        for key in (f"text:{template_id}:0", "hour:7"):
            kept = await upload(
                browser, f"/api/phrases/mong/recordings?key={key}", voice_of(tmp_path)
            )
            assert kept.status_code == 204, kept.text
        heard = (await browser.post("/api/phrases/mong/preview", wish)).json()
        assert heard["text"] == "Họp lúc bảy giờ"
        assert heard["duration_s"] > 3
        order = {
            "text": heard["text"],
            "audio_sha256": heard["audio_sha256"],
            "loudspeakers": [GATE],
        }
        assert (await browser.post("/api/broadcasts", order)).json()["kind"] == "phrases"
    async with site.sign_in("truongxom") as head:
        answer = await head.post("/api/phrase-templates", {"pattern": "Họp lúc {giờ}"})
        assert answer.status_code == 403


@pytest.mark.parametrize("text", ["<script>alert(1)</script> họp", "'; DROP TABLE audio; -- họp"])
async def test_markup_and_statements_in_texts_are_words(site, text):
    """They are spoken, shown escaped, and change nothing."""
    async with site.sign_in("truc") as browser:
        sha256 = await preview(browser, text)
        order = {"text": text, "audio_sha256": sha256, "loudspeakers": [GATE]}
        sent = (await browser.post("/api/broadcasts", order)).json()
        page = (await browser.get(f"/manh/phat/{sent['broadcast_id']}")).text
        assert "<script>" not in page
        assert (await browser.get(f"/api/audio/{sha256}")).status_code == 200
        await browser.post("/api/phrase-places", {"name": text})
        places = (await browser.get("/api/phrases/tay")).json()["places"]
        assert [place["name"] for place in places] == [text]


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_the_pages_can_be_read_without_seeing_them(site, language):
    """Fields labelled, buttons in words; only what the person may do is offered."""
    for login, path in (
        ("truc", "/phat-thanh"),
        ("quantri", "/phat-thanh"),
        ("truongxom", "/phat-thanh"),
        ("truongxom", "/cau-ghi-san"),
        ("truc", "/cau-ghi-san"),
    ):
        async with site.sign_in(login) as browser:
            answer = await browser.get(f"{path}?lang={language}")
            assert answer.status_code == 200, answer.text
            outline = Outline()
            outline.feed(answer.text)
            assert outline.verdict() == [], (login, path)
            assert ('value="emergency"' in answer.text) == (login != "truongxom" and "phat" in path)
            assert ('id="stream-url"' in answer.text) == (login == "quantri")
            if login == "truongxom" and "phat" in path:
                assert "Loa Cổng làng" in answer.text
                assert "Loa Bờ suối" not in answer.text
