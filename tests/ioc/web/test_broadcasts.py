"""Speaking from the console and the phone page: heard first, own loudspeakers only, proof by proof."""

from contracts.events import BroadcastState
from tests.ioc.web.conftest import Browser

TEXT = "Đề nghị không đổ rác tại đây."
GATE = {"gateway_id": "tu-ban-chuong", "device_id": "loa-cong"}
HALL = {"gateway_id": "tu-ban-chuong", "device_id": "loa-nha"}
STREAM = {"gateway_id": "tu-na-lay", "device_id": "loa-suoi"}


async def preview(browser: Browser, text: str = TEXT) -> str:
    answer = await browser.post("/api/previews", {"text": text})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["audio_sha256"])


async def send(browser: Browser, *loudspeakers: dict, **more):
    order = {
        "text": TEXT,
        "audio_sha256": await preview(browser),
        "loudspeakers": list(loudspeakers),
    }
    return await browser.post("/api/broadcasts", order | more)


async def test_a_text_can_be_heard_before_it_is_sent(site):
    """The preview says what will be read and gives the very sound."""
    async with site.sign_in("truongxom") as browser:
        answer = (await browser.post("/api/previews", {"text": "Họp lúc 19h30 ngày 21/11."})).json()
        assert "mười chín giờ ba mươi" in answer["spoken_text"]
        assert answer["duration_s"] > 1
        sound = await browser.get(f"/api/audio/{answer['audio_sha256']}")
        assert sound.headers["content-type"] == "audio/ogg"
        assert sound.content.startswith(b"OggS")
    async with site.sign_in("trucnalay") as other:
        assert (await other.get(f"/api/audio/{answer['audio_sha256']}")).status_code == 404


async def test_what_was_not_heard_is_not_sent(site):
    """Another text under the same sound, or no preview at all, is refused with advice."""
    async with site.sign_in("truongxom") as browser:
        order = {"audio_sha256": await preview(browser), "loudspeakers": [GATE]}
        for text, sha256 in (("Lời khác hẳn.", order["audio_sha256"]), (TEXT, "0" * 64)):
            refused = await browser.post(
                "/api/broadcasts", order | {"text": text, "audio_sha256": sha256}
            )
            assert refused.status_code == 409
            assert "Nghe thử" in refused.json()["error"]["vi"]
        assert await site.village.ban_chuong.broadcasts() == []


async def test_a_hamlet_head_reaches_the_loudspeakers_of_the_own_hamlet_only(site):
    """Others are neither offered nor accepted."""
    async with site.sign_in("truongxom") as browser:
        names = [each["name"] for each in (await browser.get("/api/loudspeakers")).json()]
        assert names == ["Loa Cổng làng", "Loa Nhà văn hóa"]
        page = (await browser.get("/loa")).text
        assert "Loa Cổng làng" in page
        assert "Loa Bờ suối" not in page
        assert (await send(browser, GATE, STREAM)).status_code in (403, 404)
        assert await site.village.na_lay.broadcasts() == []
        assert (await send(browser, GATE)).status_code == 201


async def test_a_viewer_speaks_nowhere(site):
    """No button, and no way around the button."""
    alarm_id, _ = await site.village.ban_chuong.see_littering()
    async with site.sign_in("xem") as browser:
        assert 'data-act="talk_down"' not in (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert (await browser.post("/api/previews", {"text": TEXT})).status_code == 403


async def test_the_panel_offers_the_cameras_loudspeakers_nearest_first(site):
    """The nearest ones are ticked, and silence is named."""
    alarm_id, _ = await site.village.ban_chuong.see_littering("cam-cong")
    async with site.sign_in("truc") as browser:
        panel = (await browser.get(f"/manh/nhac-qua-loa/{alarm_id}")).text
        assert panel.index("Loa Cổng làng") < panel.index("Loa Nhà văn hóa")
        assert "Loa Bờ suối" not in panel
        assert "Câu ban ngày" in panel
        assert "mất kết nối" not in panel
        await site.village.ban_chuong.die()
        assert "mất kết nối" in (await browser.get(f"/manh/nhac-qua-loa/{alarm_id}")).text


async def test_the_proof_of_each_loudspeaker_is_told_in_words_and_seconds(site):
    """From waiting for the network to finished, and what to do where it failed."""
    gateway = site.village.ban_chuong
    alarm_id, _ = await gateway.see_littering()
    async with site.sign_in("truc") as browser:
        sent = (await send(browser, GATE, HALL, alarm_id=alarm_id)).json()
        broadcast_id = sent["broadcast_id"]
        assert sent["verdict"] == "waiting"
        proofs = f"/manh/phat/{broadcast_id}"
        page = (await browser.get(proofs)).text
        assert "<strong>Chưa phát</strong> – đang chờ mạng" in page
        assert "Dừng phát" in page
        for state, words in (
            (BroadcastState.ACCEPTED, "Loa đã nhận lệnh"),
            (BroadcastState.CACHED, "Đã tải sẵn về tủ"),
            (BroadcastState.STARTED, "Đang phát"),
            (BroadcastState.FINISHED, "Đã phát xong"),
        ):
            await gateway.play(broadcast_id, "loa-cong", state)
            assert words in (await browser.get(proofs)).text
        await gateway.play(broadcast_id, "loa-nha", BroadcastState.FAILED)
        page = (await browser.get(proofs)).text
        assert "đã phát 4,2 giây" in page
        assert "chưa có bằng chứng nghe" in page
        assert "1/2. <bdi>Loa Nhà văn hóa</bdi> <strong>không phát</strong>" in page
        assert "Không kết nối được với <bdi>Loa Nhà văn hóa</bdi>" in page
        assert "Phát lại" in page
        assert "Dừng phát" not in page
        assert "đã nhắc qua loa" in (await browser.get("/")).text
        assert "Đã phát xong" in (await browser.get(f"/manh/canh-bao/{alarm_id}")).text


async def test_what_has_not_begun_is_not_said_to_play(site):
    """An emergency that waits behind another one is silent, and can be stopped."""
    gateway = site.village.ban_chuong
    async with site.sign_in("truc") as browser:
        broadcast_id = (await send(browser, GATE, HALL)).json()["broadcast_id"]
        for device_id in ("loa-cong", "loa-nha"):
            await gateway.play(
                broadcast_id, device_id, BroadcastState.ACCEPTED, BroadcastState.CACHED
            )
        proofs = f"/manh/phat/{broadcast_id}"
        page = (await browser.get(proofs)).text
        assert "<strong>Chưa phát</strong>, đang chờ: 0/2" in page
        assert "Đang phát" not in page
        assert "Dừng phát" in page
        await gateway.play(broadcast_id, "loa-nha", BroadcastState.STARTED)
        assert "Đang phát: 0/2" in (await browser.get(proofs)).text


async def test_a_loudspeaker_that_broke_off_was_not_out_of_reach(site):
    """What sounded in part is not called unplayed, and nobody looks for a wrong cable."""
    gateway = site.village.ban_chuong
    async with site.sign_in("truc") as browser:
        broadcast_id = (await send(browser, GATE)).json()["broadcast_id"]
        await gateway.play(broadcast_id, "loa-cong", BroadcastState.STARTED, BroadcastState.FAILED)
        page = (await browser.get(f"/manh/phat/{broadcast_id}")).text
        assert "<bdi>Loa Cổng làng</bdi> ngừng giữa chừng" in page
        assert "Không kết nối được" not in page


async def test_a_failed_loudspeaker_is_repeated_until_all_have_played(site):
    """The repeat counts for the same broadcast, and the verdict becomes whole."""
    gateway = site.village.ban_chuong
    async with site.sign_in("truongxom") as browser:
        broadcast_id = (await send(browser, HALL, source="phone")).json()["broadcast_id"]
        await gateway.play(broadcast_id, "loa-nha", BroadcastState.ACCEPTED, BroadcastState.FAILED)
        repeated = await browser.post(f"/api/broadcasts/{broadcast_id}/repeat", HALL)
        assert repeated.json()["verdict"] == "waiting"
        repeat_id = next(each for each in await gateway.broadcasts() if each != broadcast_id)
        await gateway.play(repeat_id, "loa-nha", BroadcastState.STARTED, BroadcastState.FINISHED)
        assert "1/1 loa đã phát xong" in (await browser.get(f"/manh/phat/{broadcast_id}")).text
        assert "1/1 loa đã phát xong" in (await browser.get("/loa")).text


async def test_telling_people_in_person_is_noted_with_name_and_time(site):
    """The loudspeaker stays marked as silent, with who went there instead."""
    gateway = site.village.ban_chuong
    async with site.sign_in("truongxom") as browser:
        broadcast_id = (await send(browser, HALL)).json()["broadcast_id"]
        await gateway.play(broadcast_id, "loa-nha", BroadcastState.FAILED)
        told = f"/api/broadcasts/{broadcast_id}/told-in-person"
        answer = (await browser.post(told, HALL)).json()
        assert answer["deliveries"][0]["told_in_person_by"] == "Triệu Văn Hào"
        page = (await browser.get(f"/manh/phat/{broadcast_id}")).text
        assert "Đã thông báo trực tiếp (Triệu Văn Hào, 07:00)" in page
        assert (await browser.post(told, STREAM)).status_code == 404


async def test_a_request_sent_twice_plays_once(site):
    """A phone that lost the answer may send again."""
    async with site.sign_in("truongxom") as browser:
        first = (await send(browser, GATE, request_id="abc")).json()
        second = (await send(browser, GATE, request_id="abc")).json()
        assert first["broadcast_id"] == second["broadcast_id"]
        assert len(await site.village.ban_chuong.broadcasts()) == 1


async def test_stopping_is_possible_until_everything_has_ended(site):
    """The stop reaches the loudspeakers of the own area."""
    async with site.sign_in("truongxom") as browser:
        broadcast_id = (await send(browser, GATE)).json()["broadcast_id"]
        answer = await browser.post(f"/api/broadcasts/{broadcast_id}/stop")
        assert answer.status_code == 200, answer.text


async def test_a_text_without_anything_to_say_is_refused_in_a_sentence(site):
    """The person learns what to change."""
    async with site.sign_in("truongxom") as browser:
        refused = await browser.post("/api/previews", {"text": "…!?"})
        assert refused.status_code == 422
        assert len(refused.json()["error"]["vi"]) > 20


async def test_another_areas_broadcast_does_not_exist(site):
    """Neither its proof nor its sound nor a way to stop it."""
    async with site.sign_in("truongxom") as browser:
        sent = (await send(browser, GATE)).json()
    async with site.sign_in("trucnalay") as other:
        address = f"/api/broadcasts/{sent['broadcast_id']}"
        for path in (address, f"/manh/phat/{sent['broadcast_id']}"):
            assert (await other.get(path)).status_code == 404
        assert (await other.get(f"/api/audio/{sent['audio_sha256']}")).status_code == 404
        assert (await other.post(f"{address}/stop")).status_code in (403, 404)
        assert (await other.post(f"{address}/repeat", GATE)).status_code in (403, 404)


async def test_an_answer_to_an_earlier_bag_is_no_answer_to_the_next(site, clock):
    """The row says that somebody spoke, until rubbish is left there again."""
    alarm_id, _ = await site.village.ban_chuong.see_littering("cam-cong", ago_s=1)
    async with site.sign_in("truc") as browser:
        sent = await send(browser, GATE, alarm_id=alarm_id)
        assert sent.status_code == 201, sent.text
        assert "đã nhắc qua loa" in (await browser.get("/")).text
        clock.advance(60)
        await site.village.ban_chuong.see_littering("cam-cong", ago_s=1)
        assert "đã nhắc qua loa" not in (await browser.get("/")).text
