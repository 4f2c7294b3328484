"""Chimes and pieces become one file that sounds as planned."""

import numpy as np
import pytest

from ioc.sounds import CHIMES, FromFile, Silence, chime, join
from tests.ioc.sounds.recorded import level_db, play

pytestmark = pytest.mark.timeout(60)  # recordings are opened in a process of their own


@pytest.mark.parametrize("name", [name for name in CHIMES if name != "none"])
def test_a_chime_is_short_begins_softly_and_ends_in_silence(name):
    """No click at either end, no clipping, between one and four seconds."""
    sound = chime(name).astype(int)
    assert 1.0 < len(sound) / 48_000 < 4.0
    assert abs(sound[0]) < 300
    assert abs(sound[-1]) < 300
    assert np.abs(np.diff(sound)).max() < 9_000
    assert 10_000 < np.abs(sound).max() < 20_000


def test_chimes_differ_and_no_chime_is_nothing():
    """Each can be told from the others."""
    assert len({chime(name).tobytes() for name in CHIMES}) == len(CHIMES)
    assert chime("none").size == 0


def test_pieces_sound_one_after_the_other(tmp_path):
    """Chime, pause, an earlier file, again a pause; silence at both ends; the length is true."""
    first = join([chime("two_tones")], tmp_path / "first.ogg")
    whole = join(
        [chime("attention"), Silence(seconds=1.0), FromFile(path=tmp_path / "first.ogg")],
        tmp_path / "whole.ogg",
    )
    heard = play(tmp_path / "whole.ogg")
    assert len(heard) / 48_000 == pytest.approx(whole.duration_s, abs=0.05)
    assert whole.duration_s == pytest.approx(3.0 + 1.0 + first.duration_s + 0.6, abs=0.1)
    loud = [level_db(heard[round(a * 48_000) : round(b * 48_000)]) for a, b in ((0.5, 3), (4.7, 5))]
    quiet = [
        level_db(heard[round(a * 48_000) : round(b * 48_000)]) for a, b in ((0, 0.25), (3.4, 4.2))
    ]
    assert min(loud) > -30
    assert max(quiet) < -50


def test_the_same_pieces_are_the_same_bytes(tmp_path):
    """Audio is addressed by its content."""
    parts = [chime("three_tones"), Silence(seconds=0.2)]
    assert join(parts, tmp_path / "a.ogg").sha256 == join(parts, tmp_path / "b.ogg").sha256
