"""The page of an alarm of several sightings speaks of the one whose pictures it shows."""

from contracts.events import LitteringCleared
from tests.ioc.sender import littering


async def test_an_alarm_page_speaks_of_one_object(site, clock):
    """The newer one was cleared; zone, duration, score and doubts are those of what still lies."""
    gateway = site.village.ban_chuong
    lying = littering(clock, sha256="a" * 64).model_copy(
        update={"zone": "Lề đường", "reasons": ("depositor_traced",), "unattended_s": 14.0}
    )
    newer = littering(clock, sha256="b" * 64).model_copy(
        update={
            "zone": "Bờ suối",
            "reasons": ("nobody_beside_deposit",),
            "unattended_s": 55.0,
            "score": 0.55,
        }
    )
    cleared = LitteringCleared(object_id=newer.object_id, zone=newer.zone)
    for each in (lying, newer, cleared):
        clock.advance(60)
        event_id = await gateway.report(each, device_id="cam-cong")
    async with site.sign_in("truc") as browser:
        page = (await browser.get(f"/manh/canh-bao/{await gateway.alarm_of(event_id)}")).text
    for words in ("Lề đường", "Vật bị bỏ lại 14 giây", "90/100", "Đã thấy người để lại"):
        assert words in page
    for words in ("Bờ suối", "55 giây", "55/100", "Không có ai cạnh vật"):
        assert words not in page
