"""Sentences in minority languages, put together from what people have recorded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.broadcasts import Framing
from ioc.broadcasts.sources.phrases import PhraseOrder
from ioc.broadcasts.sources.vocabulary import SLOTS, Template, check_pattern
from ioc.people import Refusal
from ioc.sounds import join
from tests.ioc.sounds.recorded import level_db, play, record, voice

pytestmark = pytest.mark.timeout(60)  # recordings are opened in a process of their own

PATTERN = "Họp xóm lúc {giờ} {ngày} tại {nơi}."


async def body_of(path):
    yield path.read_bytes()


async def fill(desk, operator):
    """Add a template and a place; return their ids, and what half past seven tomorrow needs."""
    phrases = desk.studio.phrases
    template_id = await phrases.add_template(operator, PATTERN)
    place_id = await phrases.add_place(operator, "Nhà văn hóa")
    wanted = ["hour:19", "minute:30", "day:tomorrow", f"place:{place_id}"]
    wanted += [phrase.key for phrase in (await phrases.read("tay")).templates[0].literals]
    return template_id, place_id, wanted


@pytest.fixture
async def bank(desk, operator, tmp_path):
    """Everything recorded in Tày that half past seven tomorrow needs: a tone of its own each."""
    template_id, place_id, wanted = await fill(desk, operator)
    for number, key in enumerate(wanted):
        path = tmp_path / f"{number}.part"
        sound = join([(voice(0.3, seed=number) * 30_000).astype(np.int16)], path)
        await desk._files.adopt(path, sound.sha256)
        phrase = await desk.studio.phrases.find("tay", key)
        await desk.studio.phrases.keep(operator, "tay", phrase, sound=sound)
    return template_id, place_id


def order(template_id, place_id, **slots):
    filled = {"giờ": "19:30", "ngày": "tomorrow", "nơi": place_id} | slots
    return PhraseOrder(language="tay", template_id=template_id, slots=filled)


async def test_a_sentence_is_put_together_from_recordings(desk, head, operator, tmp_path):
    """In order, level with each other, with short gaps; the author reads it in Vietnamese."""
    template_id, place_id, wanted = await fill(desk, operator)
    for number, key in enumerate(wanted):
        # Each speaker at another distance from the microphone.
        spoken = voice(0.6, loudness=0.03 * (1 + number % 3) ** 2, seed=number)
        path = record(tmp_path / f"{number}.wav", spoken)
        await desk.studio.record_phrase(operator, body_of(path), language="tay", key=key)
    preview = await desk.studio.preview_phrases(
        head, order(template_id, place_id), framing=Framing()
    )
    assert preview.text == "Họp xóm lúc mười chín giờ ba mươi phút ngày mai tại Nhà văn hóa"
    heard = play(await desk.audio_for(head, preview.audio_sha256))
    assert len(heard) / 48_000 == pytest.approx(preview.duration_s, abs=0.1)
    levels = [level_db(part) for part in np.array_split(heard[14_400:-14_400], 6)]
    assert max(levels) - min(levels) < 6


async def test_what_was_never_recorded_is_named(desk, head, bank):
    """All that is missing at once, in words; nothing is made."""
    with pytest.raises(Refusal, match="phrase_missing") as refusal:
        await desk.studio.preview_phrases(
            head, order(*bank, giờ="20:45", ngày="2026-11-25"), framing=Framing()
        )
    for meaning in ("hai mươi giờ", "bốn mươi lăm phút", "ngày hai mươi lăm", "tháng mười một"):
        assert f"“{meaning}”" in refusal.value.vi
    assert "tiếng Tày" in refusal.value.vi


async def test_the_bank_lists_what_is_missing(desk, head, bank):
    """Of what the sentences need; another language lacks everything."""
    tay = await desk.studio.phrases.read("tay")
    missing = {phrase.key for phrase in tay.missing}
    assert {"hour:0", "hour:24", "minute:5", "day:sunday", "month:12"} <= missing
    assert not missing & set(tay.recorded)
    assert "number:1" not in missing
    mong = await desk.studio.phrases.read("mong")
    assert len(mong.missing) == len(missing) + 6


WRONG = [
    {"giờ": "25:00"},
    {"giờ": ""},
    {"ngày": "someday"},
    {"ngày": "2026-02-30"},
    {"nơi": "khong-co"},
    {"nơi": "<script>"},
]


async def test_a_slot_that_cannot_be_said_is_refused_by_name(desk, head, bank):
    """The author learns which one."""
    for wrong in WRONG:
        with pytest.raises(Refusal, match="bad_slot") as refusal:
            await desk.studio.preview_phrases(head, order(*bank, **wrong), framing=Framing())
        assert next(iter(wrong)) in refusal.value.vi


@pytest.mark.parametrize(
    "pattern", ["", "{giờ}", "Họp {lúc}", "Họp {giờ} {giờ}", "Họp {giờ", "a" * 301]
)
async def test_a_pattern_that_cannot_be_cut_is_refused(desk, operator, pattern):
    """No words, an unknown slot, a slot twice, an open brace, too long."""
    with pytest.raises(Refusal, match="bad_pattern"):
        await desk.studio.phrases.add_template(operator, pattern)


async def test_who_may_change_the_bank(desk, head, viewer, bank, tmp_path):
    """Sentences and places are the commune's; every speaker records; a viewer does neither."""
    phrases = desk.studio.phrases
    for act in (phrases.add_template(head, PATTERN), phrases.add_place(head, "Chợ")):
        with pytest.raises(Refusal, match="not_allowed"):
            await act
    path = record(tmp_path / "again.wav", voice(1.0, seed=9))
    await desk.studio.record_phrase(head, body_of(path), language="tay", key="hour:19")
    assert (await phrases.read("tay")).recorded["hour:19"].recorded_by == "truong"
    with pytest.raises(Refusal, match="not_allowed"):
        await desk.studio.record_phrase(viewer, body_of(path), language="tay", key="hour:19")
    for language, key in (("tay", "hour:77"), ("tay", "text:x:0"), ("klingon", "hour:1")):
        with pytest.raises(Refusal, match="not_found"):
            await desk.studio.record_phrase(head, body_of(path), language=language, key=key)


async def test_recorded_phrases_are_heard_by_who_may_speak(desk, head, viewer, bank):
    """So that a wrong one is noticed."""
    sha256 = (await desk.studio.phrases.read("tay")).recorded["hour:19"].audio_sha256
    assert await desk.audio_for(head, sha256) is not None
    assert await desk.audio_for(viewer, sha256) is None


async def test_a_removed_sentence_takes_its_words_along(desk, operator, bank):
    """Hours and places stay for the others."""
    await desk.studio.phrases.remove_template(operator, bank[0])
    after = await desk.studio.phrases.read("tay")
    assert after.templates == ()
    assert "hour:19" in after.recorded
    assert not any(key.startswith("text:") for key in after.recorded)


@given(st.text(max_size=60) | st.text(st.sampled_from("ab {}giờngàyố. "), max_size=40))
def test_any_pattern_is_cut_or_refused(pattern):
    """Whatever is written, the pieces and slots are those of the pattern, or a sentence says no."""
    try:
        checked = check_pattern(pattern)
    except Refusal:
        return
    template = Template(template_id="t", pattern=checked)
    assert set(template.slots) <= set(SLOTS)
    assert template.literals
    assert all(phrase.meaning in checked for phrase in template.literals)
