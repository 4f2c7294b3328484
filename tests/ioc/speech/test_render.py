"""A text becomes audio that says it, or the author learns why not."""

import asyncio
import stat

import numpy as np
import pytest

from ioc.speech import (
    SpeechError,
    SpeechUnavailable,
    TextTooLong,
    UnspeakableText,
    read_aloud,
    render_speech,
)

TEXT = "Đề nghị không đổ rác tại đây. Họp lúc 19h30 ngày 3/9 tại NVH."


async def test_words_become_sound_that_can_be_heard():
    """Mono at 48 kHz of the length it says, loud; figures are read out."""
    rendered = await render_speech(TEXT)
    assert rendered.spoken_text.endswith(
        "mười chín giờ ba mươi phút ngày ba tháng chín tại nhà văn hóa."
    )
    assert rendered.samples.dtype == np.int16
    assert rendered.duration_s == len(rendered.samples) / 48_000
    assert 3 < rendered.duration_s < 15
    assert np.abs(rendered.samples.astype(int)).max() > 3_000


async def test_the_same_text_gives_the_same_sound():
    """Audio is addressed by its content: a text rendered again is not sent again."""
    first, again, other = [await render_speech(t) for t in (TEXT, TEXT, "Xin cảm ơn.")]
    assert np.array_equal(first.samples, again.samples)
    assert not np.array_equal(first.samples, other.samples)


@pytest.mark.parametrize("text", ["", "   \n", "…", "!!!", "🎉🎉", "-- / --", "中文", "\x00\x07"])
async def test_text_without_words_is_refused(text):
    """The author is told in both languages, and no program is started."""
    with pytest.raises(UnspeakableText) as refusal:
        read_aloud(text)
    with pytest.raises(UnspeakableText):
        await render_speech(text, program="no-such-program")
    assert "chưa phát" in refusal.value.vietnamese
    assert "nothing was played" in refusal.value.english


def test_two_thousand_characters_are_the_limit():
    """One more is refused with both numbers; the limit itself is spoken."""
    with pytest.raises(TextTooLong) as refusal:
        read_aloud("a" * 2001)
    assert "2001" in refusal.value.vietnamese
    assert "2000" in refusal.value.english


async def test_the_longest_text_is_spoken():
    """2,000 characters end well within the test's patience."""
    rendered = await render_speech(("xin chào bà con " * 200)[:2000])
    assert rendered.duration_s > 60


async def test_a_missing_engine_is_the_technicians():
    """The sentence names espeak-ng."""
    with pytest.raises(SpeechUnavailable, match="espeak-ng") as refusal:
        await render_speech(TEXT, program="espeak-ng-that-is-not-there")
    assert "kỹ thuật viên" in refusal.value.vietnamese


@pytest.mark.parametrize(
    "script", ["exit 3", "echo broken >&2; exit 1", "exit 0", "echo not a wav file"]
)
async def test_a_failing_engine_is_the_technicians(tmp_path, script):
    """Whatever the engine does instead of speaking, the error is of the family."""
    program = tmp_path / "engine"
    program.write_text(f"#!/bin/sh\ncat >/dev/null\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(SpeechUnavailable):
        await render_speech(TEXT, program=str(program))


async def test_a_cancelled_rendering_leaves_no_process(tmp_path):
    """When the author goes away the engine is ended."""
    program, pid = tmp_path / "engine", tmp_path / "pid"
    program.write_text(f"#!/bin/sh\necho $$ > {pid}\nexec sleep 60\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await render_speech(TEXT, program=str(program))
    assert not (tmp_path / "proc").exists()
    number = int(pid.read_text())
    with pytest.raises(ProcessLookupError):
        __import__("os").kill(number, 0)


def test_what_looks_like_phonemes_is_text():
    """espeak-ng's phoneme brackets and markup never reach it from an author."""
    from ioc.speech import normalise

    assert not set("[]<>{}") & set(normalise("[[h@'loU]] <break/> {x}"))


def test_every_error_speaks_both_languages():
    """Each has a sentence for the reader in Vietnamese and in English."""
    errors = [UnspeakableText(), TextTooLong(characters=2001, limit=2000), SpeechUnavailable("x")]
    assert {type(error) for error in errors} == set(SpeechError.__subclasses__())
    for error in errors:
        assert error.vietnamese
        assert error.english == str(error)
