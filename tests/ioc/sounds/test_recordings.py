"""A stranger's file becomes a clean recording, or its author learns what is wrong with it."""

import wave

import numpy as np
import pytest

from ioc.sounds import Cleaner, RecordingRefused, SoundUnavailable
from tests.ioc.sounds.recorded import (
    FORMATS,
    level_db,
    noise,
    play,
    record,
    silent,
    voice,
)

pytestmark = pytest.mark.timeout(60)  # recordings are opened in a process of their own


async def clean(path, **others):
    target = path.with_name(f"{path.name}.clean.ogg")
    purpose = others.pop("purpose", "voice")
    return await Cleaner(**others).clean(path, target, purpose=purpose), play(target)


@pytest.mark.parametrize("name", FORMATS)
async def test_what_phones_record_is_taken_trimmed_and_levelled(tmp_path, name):
    """Silence before and after is cut; the voice is there, as loud as every other."""
    samples = np.concatenate([silent(2), voice(), silent(3)])
    path = record(tmp_path / name, samples)
    cleaned, heard = await clean(path)
    assert cleaned.duration_s == pytest.approx(3 + 0.15 + 0.3 + 0.6, abs=0.25)
    assert len(heard) / 48_000 == pytest.approx(cleaned.duration_s, abs=0.1)
    assert level_db(heard) == pytest.approx(-23.5, abs=4)
    assert np.abs(heard).max() < 0.95


async def test_a_soft_voice_is_raised_and_a_loud_one_lowered(tmp_path):
    """Whoever speaks, loudspeakers are equally loud."""
    heard = []
    for name, loudness in (("soft.wav", 0.03), ("loud.wav", 0.5)):
        heard.append((await clean(record(tmp_path / name, voice(loudness=loudness))))[1])
    assert level_db(heard[0]) == pytest.approx(level_db(heard[1]), abs=1.5)


async def test_the_sound_keeps_its_sign(tmp_path):
    """Two loudspeakers of which one is inverted would cancel each other."""
    spoken = voice(2)
    _, heard = await clean(record(tmp_path / "a.wav", spoken), purpose="file")
    size = 1 << (len(heard) + len(spoken)).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(spoken, size))
    correlation = np.fft.irfft(product, size)
    best = correlation[np.argmax(np.abs(correlation))]
    assert best > 0.6 * np.linalg.norm(heard) * np.linalg.norm(spoken)


async def test_noise_between_words_becomes_less(tmp_path):
    """A hiss under a voice is lowered by several decibels, the voice is not."""
    gap = noise(1.5, level=0.004)
    spoken = np.concatenate([voice(2), silent(1.5), voice(2)])
    spoken += noise(5.5, level=0.004)
    path = record(tmp_path / "a.wav", spoken)
    _, heard = await clean(path)
    middle = len(heard) // 2
    before = level_db(gap) - level_db(spoken)
    after = level_db(heard[middle - 12_000 : middle + 12_000]) - level_db(heard)
    assert after < before - 4


SHORT_OF = {
    "empty": lambda path: path.write_bytes(b""),
    "not_audio": lambda path: path.write_text("Đây là một bức thư. " * 500),
    "silent": lambda path: record(path, silent(3)),
    "too_quiet": lambda path: record(path, voice(loudness=0.004)),
}


@pytest.mark.parametrize("why", SHORT_OF)
async def test_what_cannot_be_understood_is_refused_with_advice(tmp_path, why):
    """The author reads what to do, in both languages; nothing is kept."""
    path = tmp_path / "a.wav"
    SHORT_OF[why](path)
    with pytest.raises(RecordingRefused) as refusal:
        await clean(path)
    assert refusal.value.why == why
    assert "ghi âm lại" in refusal.value.vietnamese or "tệp ghi âm" in refusal.value.vietnamese
    assert refusal.value.english


async def test_a_constant_is_no_voice(tmp_path):
    """A broken microphone gives a steady offset: that is silence, not loudness."""
    with pytest.raises(RecordingRefused, match="silent"):
        await clean(record(tmp_path / "a.wav", np.full(2 * 48_000, 0.6)))


async def test_a_voice_above_an_offset_is_heard_without_it(tmp_path):
    """The offset is taken away, the voice stays."""
    _, heard = await clean(record(tmp_path / "a.wav", voice() * 0.7 + 0.3))
    assert abs(float(heard.mean())) < 0.002
    assert level_db(heard) > -30


async def test_random_bytes_and_pictures_are_no_recording(tmp_path):
    """Whatever the bytes are, the answer is a sentence."""
    for number in range(3):
        path = tmp_path / f"{number}"
        path.write_bytes(np.random.default_rng(number).bytes(60_000))
        with pytest.raises(RecordingRefused, match="not_audio"):
            await clean(path)


async def test_a_damaged_recording_is_not_half_played(tmp_path):
    """A file whose middle is overwritten would play with gaps."""
    path = record(tmp_path / "iphone.m4a", voice(6))
    whole = bytearray(path.read_bytes())
    begin = whole.index(b"mdat") + 1_000
    length = (len(whole) - begin) // 2
    whole[begin : begin + length] = np.random.default_rng(3).bytes(length)
    path.write_bytes(whole)
    with pytest.raises(RecordingRefused, match="broken"):
        await clean(path)


@pytest.mark.timeout(60)
async def test_a_recording_of_three_hours_is_refused_with_both_numbers(tmp_path):
    """Told by its header, before anything is decoded."""
    path = tmp_path / "long.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(1_000)
        file.writeframes(b"\x80" * 3 * 3_600 * 1_000)
    with pytest.raises(RecordingRefused, match="too_long") as refusal:
        await clean(path)
    assert "180 phút" in refusal.value.vietnamese
    assert "60 phút" in refusal.value.vietnamese


async def test_a_length_that_no_header_tells_is_counted(tmp_path):
    """A browser's recorder writes no length: what is decoded counts."""
    path = record(tmp_path / "chrome.webm", voice(4))
    with pytest.raises(RecordingRefused, match="too_long"):
        await clean(path, longest_s=2.0)


async def test_a_playlist_opens_nothing(tmp_path):
    """A file that names other files or hosts is no recording."""
    secret = record(tmp_path / "secret.wav", voice())
    for name, content in (
        ("a.m3u8", f"#EXTM3U\n#EXTINF:3,\nfile://{secret}\n#EXT-X-ENDLIST\n"),
        ("b.txt", f"ffconcat version 1.0\nfile '{secret}'\n"),
    ):
        path = tmp_path / name
        path.write_text(content)
        with pytest.raises(RecordingRefused, match="not_audio"):
            await clean(path)


async def test_a_child_that_does_not_answer_is_ended(tmp_path):
    """The technician learns of it; nobody waits for ever."""
    path = record(tmp_path / "a.wav", voice())
    with pytest.raises(SoundUnavailable, match="no answer"):
        await clean(path, patience_s=0.01)
