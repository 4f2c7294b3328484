"""What the commune decides before it starts anything: options, ports, configuration files."""

import socket
import subprocess
from pathlib import Path

import pytest

from edge_agent import config as gateway_config
from ioc import settings as centre_settings
from simulator.commune import documents, world
from simulator.commune.folder import Folder, FolderBusy
from simulator.commune.options import Options, parse_camera, parse_options
from simulator.commune.ports import choose_ports
from simulator.commune.settings_files import SettingsFiles

KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def _write_all(tmp_path: Path, **choices: object) -> SettingsFiles:
    options = Options(data=tmp_path, **choices)
    folder = Folder(root=tmp_path)
    folder.prepare()
    for name in ("gateway-broker", "gateway-token", *(c.id for c in world.CAMERAS)):
        folder.find_or_make_secret(name)
    ports = choose_ports(
        tmp_path / "ports.json", tcp=documents.tcp_names(options), udp=documents.udp_names()
    )
    files = SettingsFiles(folder, ports, options)
    files.write_centre()
    files.write_others(centre_public_key=KEY)
    return files


def test_both_programs_accept_what_the_commune_writes(tmp_path: Path) -> None:
    """centre.yaml and gateway.yaml pass the strict checks of their programs and agree."""
    _write_all(tmp_path)
    centre = centre_settings.load(tmp_path / "centre.yaml")
    gateway = gateway_config.load(tmp_path / "gateway.yaml")
    assert gateway.centre.url == f"http://127.0.0.1:{centre.web.port}"
    assert gateway.broker.port == centre.broker.port
    assert centre.rules is not None
    assert centre.rules.is_file(), "the library of ready rules"
    assert centre.notify.email is not None, "who is told, without any service of the internet"
    assert {c.area for c in gateway.cameras} <= {a.area_id for a in centre.areas}
    assert len(gateway.cameras) == 3
    assert len(gateway.loudspeakers) == 2
    purposes = {zone.purpose for camera in gateway.cameras for zone in camera.zones}
    assert purposes == {"no_dumping", "intrusion", "loitering", "crowding"}
    assert gateway.cameras[2].zones[1].daily_hours, "closed at night only"


def test_real_camera_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """CAMERA= is watched by RTSP; its password stands in a private file and nowhere else."""
    camera = parse_camera("rtsp://viewer:s%40fe@192.0.2.7:8554/stream?channel=1")
    _write_all(tmp_path, camera=camera)
    secret = tmp_path / "secrets" / "real-camera"
    first = gateway_config.load(tmp_path / "gateway.yaml").cameras[0]
    assert first.driver == "rtsp"
    assert first.analysis_uri == "rtsp://192.0.2.7:8554/stream?channel=1"
    assert first.username == "viewer"
    assert secret.read_text() == "s@fe"
    assert secret.stat().st_mode & 0o777 == 0o600
    elsewhere = [
        path
        for path in tmp_path.rglob("*")
        if path.is_file() and path.name != "real-camera" and "s@fe" in path.read_text()
    ]
    assert elsewhere == []
    assert len(documents.simulated_cameras(Options(data=tmp_path, camera=camera))) == 2


@pytest.mark.parametrize(
    "text", ["http://192.0.2.7/", "rtsp://", "192.0.2.7", "rtsp://user@192.0.2.7/x", "rtsp://h:x/"]
)
def test_wrong_camera_address_is_refused(text: str) -> None:
    """What is no RTSP address, or half an account, is refused with an example."""
    with pytest.raises(ValueError, match="CAMERA"):
        parse_camera(text)


def test_recording_replaces_the_drawn_scene(tmp_path: Path) -> None:
    """VIDEO= is played by the first camera only."""
    video = tmp_path / "clip.mp4"
    video.touch()
    options = parse_options(["--data", str(tmp_path)], {"VIDEO": str(video), "CAMERA": ""})
    ports = choose_ports(
        tmp_path / "p", tcp=documents.tcp_names(options), udp=documents.udp_names()
    )
    first, second, _ = (
        documents.camera_document(camera, ports, options, password="x") for camera in world.CAMERAS
    )
    assert first["video"] == str(video)
    assert "scene" not in first
    assert second["scene"] == "market-gate"


def test_cameras_hear_the_loudspeakers_of_their_place(tmp_path: Path) -> None:
    """What a loudspeaker says there is in the camera's sound, and nothing from elsewhere."""
    options = parse_options(["--data", str(tmp_path)], {})
    ports = choose_ports(
        tmp_path / "p", tcp=documents.tcp_names(options), udp=documents.udp_names()
    )
    for camera in world.CAMERAS:
        document = documents.camera_document(camera, ports, options, password="x")
        heard = {near["port"] for near in document["microphone"]["loudspeakers"]}
        assert heard == {ports[name] for name in camera.loudspeakers}


@pytest.mark.parametrize(
    "environment",
    [
        {"VIDEO": "nowhere.mp4"},
        {"TLS_CERT": "nowhere.pem"},
        {"TLS_KEY": "nowhere.pem", "TLS_CERT": ""},
        {"CAMERA": "camera"},
    ],
)
def test_wrong_option_ends_with_a_usage_error(environment, capsys) -> None:
    """A wrong start says which word is wrong and starts nothing."""
    with pytest.raises(SystemExit) as ended:
        parse_options([], environment)
    assert ended.value.code == 2
    assert (
        next(iter(environment)) in capsys.readouterr().err or "nowhere.pem" in environment.values()
    )


def test_ports_are_remembered_until_somebody_takes_one(tmp_path: Path) -> None:
    """The second start uses the same ports, but for the one that is taken now."""
    memory = tmp_path / "ports.json"
    first = choose_ports(memory, tcp=["one", "two"], udp=["three"])
    assert choose_ports(memory, tcp=["one", "two"], udp=["three"]) == first
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", first["one"]))
        squatter.listen()
        second = choose_ports(memory, tcp=["one", "two"], udp=["three"])
    assert second["one"] != first["one"]
    assert {**second, "one": 0} == {**first, "one": 0}


def test_two_communes_never_share_a_folder(tmp_path: Path) -> None:
    """The second is told that the folder is in use."""
    folder = Folder(root=tmp_path)
    with folder.locked(), pytest.raises(FolderBusy, match="--data"):  # noqa: SIM117
        with folder.locked():
            pass


def test_secrets_and_settings_are_private(tmp_path: Path) -> None:
    """Nobody else on the machine reads a password."""
    _write_all(tmp_path)
    open_files = [
        path.name
        for path in tmp_path.rglob("*")
        if path.is_file() and path.stat().st_mode & 0o077 and path.name != "ports.json"
    ]
    assert open_files == []
    assert tmp_path.stat().st_mode & 0o077 == 0


def test_demonstration_loudspeakers_belong_to_their_cameras() -> None:
    """Each camera names loudspeakers that exist."""
    known = {loudspeaker.id for loudspeaker in world.LOUDSPEAKERS}
    assert {name for camera in world.CAMERAS for name in camera.loudspeakers} <= known


def test_certificate_names_the_centre_for_phones_and_for_the_gateway(tmp_path: Path) -> None:
    """With TLS, people get the public name, the gateway on this machine the local one."""
    certificate, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=ioc", "-keyout", key, "-out", certificate),
            *("-addext", "subjectAltName=DNS:ioc.sangmoc.example,DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    files = _write_all(tmp_path / "var", tls_certificate=certificate, tls_key=key)
    assert files.address.startswith("https://ioc.sangmoc.example:")
    gateway = gateway_config.load(tmp_path / "var" / "gateway.yaml")
    assert gateway.centre.url.startswith("https://localhost:")
    assert gateway.centre.ca_file == certificate
    assert centre_settings.load(tmp_path / "var" / "centre.yaml").web.host == "0.0.0.0"


def test_file_that_is_no_certificate_is_refused(tmp_path: Path, capsys) -> None:
    """TLS_CERT= that names something else is a usage error, before anything starts."""
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("not a certificate")
    with pytest.raises(SystemExit):
        parse_options([], {"TLS_CERT": str(wrong), "TLS_KEY": str(wrong)})
    assert "wrong.pem" in capsys.readouterr().err
