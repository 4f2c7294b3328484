"""Every sample file is accepted by the program it is written for."""

import base64
import getpass
import subprocess
import sys
from pathlib import Path

import aiomqtt
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from simulator.commune.documents import mosquitto_config
from simulator.commune.folder import Folder
from tests.fakes.broker import RealBroker
from tests.fakes.ports import wait_until_listening
from tests.house.project import ROOT

CONFIG = ROOT / "config"
PROGRAMS = Path(sys.executable).parent


@pytest.mark.timeout(60)
def test_sample_gateway_is_accepted(tmp_path: Path) -> None:
    """`edge-agent check` finds nothing wrong with config/gateway.yaml once its secrets exist."""
    sample = tmp_path / "gateway.yaml"
    document = yaml.safe_load((CONFIG / "gateway.yaml").read_text())
    sample.write_text((CONFIG / "gateway.yaml").read_text())
    secrets = [
        document["centre"]["token_file"],
        document["broker"]["password_file"],
        *(camera["password_file"] for camera in document["cameras"]),
        *(one["password_file"] for one in document["loudspeakers"] if "password_file" in one),
    ]
    for secret in secrets:
        (tmp_path / secret).parent.mkdir(exist_ok=True)
        (tmp_path / secret).write_text("secret\n")
    result = _run("edge-agent", "check", "--config", sample)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.timeout(60)
def test_sample_centre_is_accepted(tmp_path: Path) -> None:
    """config/centre.yaml is whole; only the certificate that systemd hands over is missing here."""
    from ioc.settings import load

    settings = load(CONFIG / "centre.yaml")
    assert settings.root_area_id == "sang-moc"
    assert settings.web.secure


def test_sample_public_key_is_a_key() -> None:
    """The key in the sample has the form of a real one."""
    document = yaml.safe_load((CONFIG / "gateway.yaml").read_text())
    Ed25519PublicKey.from_public_bytes(base64.b64decode(document["centre"]["public_key"]))


@pytest.mark.broker
async def test_sample_broker_configuration_serves(tmp_path: Path, free_port: int) -> None:
    """mosquitto starts with config/mosquitto.conf (places replaced) and admits only known users."""
    known = RealBroker(tmp_path / "known")  # for its password file; it is not started
    folder = Folder(root=tmp_path / "commune")
    folder.prepare()
    (folder.centre / "broker").mkdir()
    for name in ("passwords", "acl"):
        (known.folder / name).rename(folder.centre / "broker" / name)
    config = tmp_path / "mosquitto.conf"
    template = (CONFIG / "mosquitto.conf").read_text()
    config.write_text(
        mosquitto_config(template, folder, {"broker": free_port}, running_user=getpass.getuser())
    )
    with subprocess.Popen(["/usr/sbin/mosquitto", "-c", config]) as process:
        try:
            wait_until_listening(free_port)
            with pytest.raises(aiomqtt.MqttError):
                async with aiomqtt.Client("127.0.0.1", free_port):
                    pass
            async with aiomqtt.Client(
                "127.0.0.1", free_port, username=known.username, password=known.password
            ):
                pass
        finally:
            process.terminate()


def _run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAMS / name, *arguments], capture_output=True, text=True, check=False
    )
