"""Any usual audio file is decoded; anything else is refused before a sound is made."""

import os
import struct
import wave

import av
import numpy as np
import pytest

from edge_agent.playout.decoding import audio
from edge_agent.playout.decoding.audio import AudioRefused, decode_audio
from edge_agent.playout.decoding.loudness import LoudnessMeter


def write(path, seconds=1.0, *, codec="pcm_s16le", rate=48000, layout="stereo"):
    tone = (np.sin(np.arange(int(seconds * rate)) * 2 * np.pi * 440 / rate) * 12000).astype(
        np.int16
    )
    channels = 2 if layout == "stereo" else 1
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.layout = layout
        frame = av.AudioFrame.from_ndarray(
            np.repeat(tone, channels)[np.newaxis, :], format="s16", layout=layout
        )
        frame.sample_rate = rate
        resampler = av.AudioResampler(format=stream.format, layout=layout, rate=rate)
        for converted in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.opus", "libopus", 48000),
        ("a.wav", "pcm_s16le", 44100),
        ("a.mp3", "libmp3lame", 44100),
        ("a.flac", "flac", 16000),
    ],
)
def test_usual_files_are_decoded_to_mono(tmp_path, name, codec, rate):
    """One second in stereo becomes one second at 8 kHz, still a tone of 440 Hz."""
    samples = decode_audio(write(tmp_path / name, codec=codec, rate=rate), sample_rate_hz=8000)
    assert samples.dtype == np.int16
    assert abs(len(samples) - 8000) < 800
    spectrum = np.abs(np.fft.rfft(samples[1000:5000].astype(float)))
    assert abs(np.argmax(spectrum) * 2 - 440) <= 4


def test_a_missing_file_is_refused(tmp_path):
    """The technician reads the file's name."""
    with pytest.raises(AudioRefused, match=r"gone\.opus"):
        decode_audio(tmp_path / "gone.opus", sample_rate_hz=8000)


@pytest.mark.parametrize("content", [b"", b"not audio at all " * 50, b"OggS" + bytes(500)])
def test_what_is_not_audio_is_refused(tmp_path, content):
    """Bytes of another kind never reach a loudspeaker."""
    path = tmp_path / "a.opus"
    path.write_bytes(content)
    with pytest.raises(AudioRefused):
        decode_audio(path, sample_rate_hz=8000)


def test_a_file_without_sound_is_refused(tmp_path):
    """A WAV header alone holds no audio."""
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as empty:
        empty.setnchannels(1)
        empty.setsampwidth(2)
        empty.setframerate(8000)
    with pytest.raises(AudioRefused, match="no audio"):
        decode_audio(path, sample_rate_hz=8000)


def test_a_file_that_names_other_files_is_refused(tmp_path):
    """A playlist must not make the gateway open what it names."""
    write(tmp_path / "a.wav")
    playlist = tmp_path / "a.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.wav\n#EXT-X-ENDLIST\n")
    with pytest.raises(AudioRefused):
        decode_audio(playlist, sample_rate_hz=8000)


def test_three_hours_are_refused_unread(tmp_path):
    """More than 60 minutes are refused by the header, before anything is decoded."""
    length = 3 * 3600 * 8000
    path = tmp_path / "a.wav"
    path.write_bytes(
        struct.pack(
            "<4sI4s4sIHHIIHH", b"RIFF", 36 + length, b"WAVE", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8
        )
        + struct.pack("<4sI", b"data", length)
    )
    os.truncate(path, 44 + length)
    with pytest.raises(AudioRefused, match="180 min"):
        decode_audio(path, sample_rate_hz=8000)


def test_audio_that_turns_out_too_long_is_refused(tmp_path, monkeypatch):
    """A file that holds more than its header says is given up at the limit."""
    monkeypatch.setattr(audio, "LONGEST_S", 0.5)
    begin = write(tmp_path / "begin.opus", seconds=1.0, codec="libopus")
    rest = write(tmp_path / "rest.opus", seconds=0.3, codec="libopus")
    path = tmp_path / "a.opus"
    path.write_bytes(begin.read_bytes() + rest.read_bytes())
    with pytest.raises(AudioRefused, match="more than"):
        decode_audio(path, sample_rate_hz=8000)


def write_wav(path, samples, rate=48000):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def lufs(samples, rate):
    meter = LoudnessMeter(sample_rate_hz=rate)
    meter.feed((samples / 32768).astype(np.float32))
    return meter.integrated_lufs()


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_loudness_is_what_the_standard_says(rate):
    """A sine of 997 Hz at full scale reads -3.01 LUFS (EBU Tech 3341, scaled)."""
    sine = np.sin(2 * np.pi * 997 * np.arange(3 * rate) / rate) * 32767
    assert lufs(sine, rate) == pytest.approx(-3.01, abs=0.1)


@pytest.mark.parametrize("loudness", [0.006, 0.02, 0.3])
@pytest.mark.parametrize("target", [-23.0, -16.0])
def test_whoever_spoke_softly_is_heard_as_well(tmp_path, loudness, target):
    """Quiet and loud recordings come out equally loud, and nothing is overloaded."""
    noise = np.random.default_rng(5).standard_normal(48000 * 3) * loudness
    path = write_wav(tmp_path / "a.wav", noise)
    samples = decode_audio(path, sample_rate_hz=16000, loudness_lufs=target)
    assert lufs(samples, 16000) == pytest.approx(target, abs=1.0)
    assert true_peak_db(samples) <= -1.0


def true_peak_db(samples):
    spectrum = np.fft.rfft(samples.astype(float))
    dense = np.fft.irfft(np.pad(spectrum, (0, len(spectrum) * 3)), len(samples) * 4) * 4
    return 20 * np.log10(np.abs(dense).max() / 32768)


def test_peaks_of_a_clap_are_limited_not_cut(tmp_path):
    """Speech with claps is made as loud as speech; the claps stay below the ceiling."""
    speech = np.random.default_rng(5).standard_normal(48000 * 4) * 0.01
    speech[::48000] = 1.0
    samples = decode_audio(write_wav(tmp_path / "a.wav", speech), sample_rate_hz=48000)
    assert true_peak_db(samples) <= -1.0
    assert lufs(samples, 48000) > -19


def test_a_constant_level_is_taken_away_without_a_click(tmp_path):
    """A bad sound card's offset neither shifts the cone nor cracks at start and end."""
    noise = 0.4 + np.random.default_rng(5).standard_normal(48000 * 2) * 0.02
    samples = decode_audio(write_wav(tmp_path / "a.wav", noise), sample_rate_hz=8000)
    assert abs(samples.mean()) < 200
    assert np.abs(samples[:20]).max() < 1000
    assert np.abs(samples[-20:]).max() < 1000


@pytest.mark.parametrize(
    "samples",
    [np.zeros(48000), np.full(48000, 0.5), np.r_[np.zeros(24000), 1.0, np.zeros(24000)]],
    ids=["silence", "a constant level", "a single crack"],
)
def test_what_cannot_be_heard_is_refused(tmp_path, samples):
    """Nobody believes to have announced what was silent."""
    with pytest.raises(AudioRefused, match="only silence"):
        decode_audio(write_wav(tmp_path / "a.wav", samples), sample_rate_hz=8000)


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_its_polarity_stays_and_nothing_is_shifted(tmp_path, rate):
    """Two loudspeakers with different rates push the air in the same direction at the same time."""
    noise = np.random.default_rng(5).standard_normal(48000 * 2)
    noise = np.convolve(noise, np.ones(24) / 24, "same") * 0.5
    samples = decode_audio(write_wav(tmp_path / "a.wav", noise), sample_rate_hz=rate)
    step = 48000 // rate
    sent = np.convolve(noise, np.ones(step) / step, "same")[::step][: len(samples)]
    inner = slice(rate // 10, -rate // 10)
    assert np.corrcoef(sent[inner], samples[inner])[0, 1] > 0.95
