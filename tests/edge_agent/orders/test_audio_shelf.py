"""Announcements on disk: complete, verified, bounded."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from edge_agent.orders.audio_shelf import AudioShelf


def put(shelf, body: bytes) -> str:
    sha256 = hashlib.sha256(body).hexdigest()
    shelf.put(sha256, body)
    return sha256


def test_what_was_put_is_found_after_a_restart(tmp_path):
    """A hamlet without signal still has its announcements."""
    sha256 = put(AudioShelf(tmp_path), b"hello")
    found = AudioShelf(tmp_path).find(sha256)
    assert found is not None
    assert found.read_bytes() == b"hello"


def test_a_damaged_file_is_not_played(tmp_path):
    """It is deleted and fetched again."""
    shelf = AudioShelf(tmp_path)
    sha256 = put(shelf, b"hello")
    (tmp_path / f"{sha256}.ogg").write_bytes(b"hellO")
    assert shelf.find(sha256) is None
    assert not list(tmp_path.iterdir())


def test_a_torn_file_is_cleared_at_the_start(tmp_path):
    """What a power cut left half written is no announcement."""
    (tmp_path / f"{'a' * 64}.part").write_bytes(b"half")
    AudioShelf(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_least_recently_used_give_way(tmp_path):
    """The bound holds; what is in use stays."""
    shelf = AudioShelf(tmp_path, max_bytes=250)
    names = [put(shelf, bytes([number]) * 100) for number in range(4)]
    for age, name in enumerate(reversed(names)):
        os.utime(tmp_path / f"{name}.ogg", (1_000 - age, 1_000 - age))
    shelf.tidy(in_use=[names[0]])
    left = {file.stem for file in tmp_path.iterdir()}
    assert left == {names[0], names[3]}


def test_the_same_announcement_may_arrive_twice_at_once(tmp_path):
    """Two commands name one text: neither waits for another try, and nothing torn is left."""
    shelf, body = AudioShelf(tmp_path), bytes(2_000_000)
    with ThreadPoolExecutor(4) as threads:
        put_at_once = [threads.submit(put, shelf, body) for _ in range(12)]
    sha256 = {each.result() for each in put_at_once}.pop()
    assert [file.name for file in tmp_path.iterdir()] == [f"{sha256}.ogg"]


def test_what_the_disk_does_not_take_leaves_nothing_behind(tmp_path, monkeypatch):
    """A full disk is not filled further by halves of announcements."""

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        put(AudioShelf(tmp_path), b"hello")
    assert not list(tmp_path.iterdir())
