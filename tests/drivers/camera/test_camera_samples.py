"""The drivers' samples and documents are true."""

from pathlib import Path

import pytest
import yaml

import drivers
from edge_agent.config import CameraSettings

FOLDERS = [Path(drivers.__file__).with_name(name) for name in ("onvif_camera", "rtsp_camera")]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_sample_is_a_gateway_s_camera(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sample is accepted by the gateway's own settings once its password file exists."""
    document = yaml.safe_load((folder / "sample.yaml").read_text())
    secret = tmp_path / document["password_file"]
    secret.parent.mkdir()
    secret.write_text("secret\n")
    monkeypatch.chdir(tmp_path)
    settings = CameraSettings.model_validate(document)
    assert f"{settings.driver}_camera" == folder.name


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_readme_says_what_was_tested(folder: Path) -> None:
    """The README fits one screen, names every error, and does not claim hardware."""
    text = (folder / "README.md").read_text()
    assert len(text.splitlines()) <= 45
    for word in ("CameraUnreachable", "CameraAuthFailed", "CameraUnsupported", "no hardware"):
        assert word in text
