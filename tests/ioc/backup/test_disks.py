"""Which disks a folder lies on: what looks like two may be one, and fails as one."""

from pathlib import Path

import pytest

from ioc.backup.disks import beneath, disks_of, lies_in_memory, share_a_disk


@pytest.fixture
def devices(tmp_path: Path) -> Path:
    """Two disks: of one two partitions, a logical volume on both of them, the other whole."""
    for partition in ("sda/sda1", "sda/sda2"):
        folder = tmp_path / "block" / partition
        folder.mkdir(parents=True)
        (folder / "partition").write_text("1")
    for disk in ("sda", "sdb"):
        (tmp_path / "block" / disk / "slaves").mkdir(parents=True)
    for volume, below in (("dm-0", "sda/sda2"), ("dm-1", "sdb"), ("dm-2", "dm-0")):
        slaves = tmp_path / "block" / volume / "slaves"
        slaves.mkdir(parents=True)
        (slaves / Path(below).name).symlink_to(tmp_path / "block" / below)
    mirror = tmp_path / "block" / "md0" / "slaves"
    mirror.mkdir(parents=True)
    for each in ("sda/sda1", "sdb"):
        (mirror / Path(each).name).symlink_to(tmp_path / "block" / each)
    return tmp_path / "block"


@pytest.mark.parametrize(
    ("device", "disks"),
    [
        ("sda/sda1", {"sda"}),
        ("sda", {"sda"}),
        ("dm-0", {"sda"}),
        ("dm-1", {"sdb"}),
        ("dm-2", {"sda"}),
        ("md0", {"sda", "sdb"}),
    ],
)
def test_partitions_and_volumes_are_followed_to_the_disks_beneath(devices, device, disks):
    """Encrypted in a volume on a partition, it is still that disk."""
    assert set(beneath(devices / device)) == disks


def test_an_image_in_a_file_lies_where_the_file_lies(devices, tmp_path):
    """Mounted, it looks like a disk of its own; of one that is away nothing is known."""
    image = devices / "loop0" / "loop" / "backing_file"
    image.parent.mkdir(parents=True)
    image.write_text(f"{tmp_path}\n")
    assert set(beneath(devices / "loop0")) == disks_of(tmp_path)
    image.write_text(f"{tmp_path}/image (deleted)\n")
    assert set(beneath(devices / "loop0")) == {"loop0"}


def test_two_folders_of_one_place_share_their_disk(tmp_path):
    """A folder beside the data does; a disk of memory shares none; what is away is not known to."""
    (tmp_path / "a").mkdir()
    assert disks_of(tmp_path)
    assert share_a_disk(tmp_path, tmp_path / "a")
    assert not share_a_disk(tmp_path, Path("/proc"))
    assert not share_a_disk(tmp_path, tmp_path / "away")


def test_a_folder_in_memory_is_told_from_one_on_a_disk(tmp_path):
    """However the way to it is written; of one that is away nothing is known."""
    (tmp_path / "link").symlink_to("/dev/shm")
    assert lies_in_memory(Path("/dev/shm"))
    assert lies_in_memory(tmp_path / "link")
    assert not lies_in_memory(Path("/proc"))
