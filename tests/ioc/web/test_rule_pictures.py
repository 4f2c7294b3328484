"""An alarm of a rule shows what was seen in the events behind it, to those who may see that."""

from sqlalchemy import func, select

from contracts.events import DeviceDown, DeviceKind, DownReason
from ioc.store.tables import journal
from tests.ioc.clips import mp4

AT_ONCE = """\
rules:
  - id: rac
    name: Rác ở cổng
    priority: medium
    event: {kind: littering.confirmed}
"""
TWICE = """\
rules:
  - id: rac-hai-noi
    name: Rác ở hai nơi
    priority: medium
    event: {kind: littering.confirmed}
    times: 2
    within_s: 600
    same: commune
"""
SEQUENCE = """\
rules:
  - id: pha-hoai
    name: Đổ rác rồi mất camera
    priority: medium
    sequence:
      steps:
        - event: {kind: littering.confirmed}
        - event: {kind: device.down}
      within_s: 600
"""
DOWN = DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.UNREACHABLE)


async def keep(browser, rules):
    kept = await browser.post("/api/rules", {"text": rules, "number": 0})
    assert kept.status_code == 200, kept.text


async def rule_alarm(browser):
    listed = (await browser.get("/api/alarms")).json()["alarms"]
    (alarm,) = [each for each in listed if each["kind"] == "rule"]
    return alarm


def hashes(alarm):
    return {picture["sha256"] for picture in alarm["pictures"]}


async def test_row_and_page_show_the_pictures_and_the_clip_of_the_event(site):
    """As the alarm of what was seen does, with what was boxed; the list has the small picture."""
    gateway = site.village.ban_chuong
    body = mp4()
    async with site.sign_in("quantri") as browser:
        await keep(browser, AT_ONCE)
        seen, pictures = await gateway.see_littering()
        await gateway.upload(pictures)
        (object_id,) = await gateway.objects_of(seen)
        clip = await gateway.record(object_id, body)
        await gateway.upload({clip: body})
        alarm = await rule_alarm(browser)
        assert hashes(alarm) == pictures.keys()
        assert [each["sha256"] for each in alarm["clips"]] == [clip]
        page = (await browser.get(f"/manh/canh-bao/{alarm['alarm_id']}")).text
        own = (await browser.get(f"/manh/canh-bao/{seen}")).text
        for sha256 in (*pictures, clip):
            assert f"/api/evidence/{sha256}" in page
            assert (await browser.get(f"/api/evidence/{sha256}")).status_code == 200
        assert page.count("<rect") == own.count("<rect") > 0
        rows = (await browser.get("/manh/danh-sach")).text
        row = rows[rows.index(f'id="row-{alarm["alarm_id"]}"') :].split("</li>")[0]
        assert 'class="thumbnail" src="/api/evidence/' in row


async def test_pictures_of_another_hamlet_stay_with_those_who_may_see_it(site):
    """A rule over the whole commune fires in one hamlet; what came before happened in the other."""
    async with site.sign_in("quantri") as admin, site.sign_in("trucnalay") as neighbour:
        await keep(admin, TWICE)
        _, theirs = await site.village.ban_chuong.see_littering(ago_s=5.0)
        await site.village.ban_chuong.upload(theirs)
        site.village.na_lay.sequence = 100  # what is drawn depends on it
        _, own = await site.village.na_lay.see_littering("cam-suoi", ago_s=60.0)
        await site.village.na_lay.upload(own)
        alarm = await rule_alarm(neighbour)
        assert alarm["area_id"] == "na-lay"
        assert hashes(alarm) == own.keys()
        assert hashes(await rule_alarm(admin)) == theirs.keys()  # the latest
        page = (await neighbour.get(f"/manh/canh-bao/{alarm['alarm_id']}")).text
        assert not any(sha256 in page for sha256 in theirs)
        for sha256 in theirs:
            assert (await neighbour.get(f"/api/evidence/{sha256}")).status_code == 404


async def test_what_came_before_the_last_step_is_shown_as_well(site):
    """A camera that is gone has no picture; who was at it before has."""
    gateway = site.village.ban_chuong
    async with site.sign_in("quantri") as browser:
        await keep(browser, SEQUENCE)
        _, pictures = await gateway.see_littering(ago_s=40.0)
        await gateway.report(DOWN, device_id="cam-cong")
        alarm = await rule_alarm(browser)
        assert hashes(alarm) == pictures.keys()
        assert {picture["state"] for picture in alarm["pictures"]} == {"announced"}


async def test_whoever_looks_at_the_rules_alarm_is_told_when_a_picture_arrives(site):
    """So that the page shows it at once."""
    gateway = site.village.ban_chuong
    async with site.sign_in("quantri") as browser:
        await keep(browser, AT_ONCE)
        seen, pictures = await gateway.see_littering()
        alarm = await rule_alarm(browser)
        (object_id,) = await gateway.objects_of(seen)
        body = mp4()
        for act in (lambda: gateway.upload(pictures), lambda: gateway.record(object_id, body)):
            before = await told(site, alarm["alarm_id"])
            await act()
            assert await told(site, alarm["alarm_id"]) > before


async def told(site, alarm_id):
    query = select(func.count()).where(journal.c.subject_id == alarm_id)
    async with site.village.centre.store.read() as connection:
        return await connection.scalar(query)
