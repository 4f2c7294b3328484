"""The page and the interface of rules: seen by all, changed by who answers for the commune."""

from contracts.events import DeviceDown, DeviceKind, DownReason

RULES = """\
rules:
  - id: camera-hong   # của kỹ thuật viên
    name: Camera <b>hỏng</b>
    priority: critical
    event: {kind: device.down, where: {reason: auth_failed}}
    advice: Gọi kỹ thuật viên.
"""
DOWN = DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.AUTH_FAILED)


async def put(browser, text=RULES, number=0):
    return await browser.post("/api/rules", {"text": text, "number": number})


async def test_rules_in_force_raise_alarms_that_say_why(site):
    """From the moment they are saved; the alarm has the rule's level, name and advice."""
    async with site.sign_in("quantri") as browser:
        kept = await put(browser)
        assert kept.status_code == 200, kept.text
        await site.village.ban_chuong.report(DOWN, device_id="cam-cong")
        alarms = (await browser.get("/api/alarms")).json()["alarms"]
        (alarm,) = [each for each in alarms if each["kind"] == "rule"]
        assert alarm["priority"] == "critical"
        page = (await browser.get("/")).text
        assert "Camera &lt;b&gt;hỏng&lt;/b&gt;" in page
        preview = await browser.get(f"/manh/canh-bao/{alarm['alarm_id']}")
        assert "reason = auth_failed" in preview.text
        assert "Gọi kỹ thuật viên." in preview.text
        (rule,) = (await browser.get("/api/rules")).json()["rules"]
        assert rule["active"] == 1
        assert "đang xảy ra ở 1 nơi" in (await browser.get("/quy-tac")).text


async def test_a_faulty_text_is_refused_and_the_former_stays_in_force(site):
    """The sentence names the line; nothing of the kept rules is lost."""
    async with site.sign_in("quantri") as browser:
        assert (await put(browser)).status_code == 200
        faulty = RULES.replace("reason: auth", "reasn: auth")
        (fault,) = (await browser.post("/api/rules/check", {"text": faulty})).json()
        assert (fault["line"], fault["severity"]) == (5, "error")
        refused = await put(browser, faulty, number=1)
        assert refused.status_code == 422
        assert "Dòng 5" in refused.json()["error"]["vi"]
        assert (await browser.get("/api/rules")).json()["text"] == RULES
        await site.village.ban_chuong.report(DOWN, device_id="cam-cong")
        alarms = (await browser.get("/api/alarms")).json()["alarms"]
        assert any(each["kind"] == "rule" for each in alarms)


async def test_two_people_cannot_overwrite_each_other(site):
    """Who saves what was made from an older text is told who was faster."""
    async with site.sign_in("quantri") as browser:
        assert (await put(browser)).status_code == 200
        refused = await put(browser)
        assert refused.status_code == 409
        assert "quantri" in refused.json()["error"]["vi"]


async def test_a_switch_ends_the_alarm_and_keeps_the_text(site):
    """A rule that is off calls nobody any more; what it had raised is over."""
    async with site.sign_in("quantri") as browser:
        await put(browser)
        await site.village.ban_chuong.report(DOWN, device_id="cam-cong")
        off = await browser.post("/api/rules/camera-hong/switch", {"enabled": False})
        assert off.status_code == 200, off.text
        assert "# của kỹ thuật viên" in off.json()["text"]
        assert not off.json()["rules"][0]["enabled"]
        await site.village.centre.rules.watch.run_once()
        alarms = (await browser.get("/api/alarms")).json()["alarms"]
        (alarm,) = [each for each in alarms if each["kind"] == "rule"]
        assert alarm["state"] == "rtn_unacknowledged"
        unknown = await browser.post("/api/rules/khac/switch", {"enabled": False})
        assert unknown.status_code == 404


async def test_a_trial_shows_the_last_day_and_changes_nothing(site):
    """What would have called, when and why, before anybody has to live with it."""
    async with site.sign_in("quantri") as browser:
        await site.village.ban_chuong.report(DOWN, device_id="cam-cong")
        trial = (await browser.post("/api/rules/trial", {"text": RULES})).json()
        (episode,) = trial["episodes"]
        assert episode["subject"] == "tu-ban-chuong/cam-cong"
        assert episode["where"] == "Cổng làng"
        assert "auth_failed" in episode["why_vi"]
        assert (await browser.get("/api/rules")).json()["rules"] == []


async def test_only_who_answers_for_the_commune_changes_rules(site):
    """An operator sees which rules there are, but neither their text nor a switch."""
    async with site.sign_in("quantri") as browser:
        await put(browser)
    async with site.sign_in("truc") as browser:
        seen = (await browser.get("/api/rules")).json()
        assert seen["text"] == ""
        assert [rule["rule_id"] for rule in seen["rules"]] == ["camera-hong"]
        page = (await browser.get("/quy-tac")).text
        assert "data-switch" not in page
        assert "<textarea" not in page
        assert (await put(browser, number=1)).status_code == 403
        for path, body in (
            ("/api/rules/check", {"text": RULES}),
            ("/api/rules/trial", {"text": RULES}),
            ("/api/rules/camera-hong/switch", {"enabled": False}),
        ):
            assert (await browser.post(path, body)).status_code == 403
