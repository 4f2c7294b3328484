"""The command edge-agent: what it says and how it ends."""

import asyncio
import base64
import subprocess
import sys

import pytest
import yaml

from drivers.onvif_camera import DiscoveredCamera
from edge_agent import discovery
from tests.fakes.ports import find_free_port


def edge_agent(*arguments, cwd=None):
    argv = [sys.executable, "-m", "edge_agent", *map(str, arguments)]
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd=cwd)


@pytest.fixture
def settings(tmp_path):
    for name in ("token", "password"):
        (tmp_path / name).write_text("secret")
        (tmp_path / name).chmod(0o600)
    return {
        "site_id": "sang-moc",
        "gateway_id": "nha-van-hoa",
        "data_dir": "data",
        "centre": {
            "url": f"http://127.0.0.1:{find_free_port()}",
            "token_file": "token",
            "public_key": base64.b64encode(bytes(range(32))).decode(),
        },
        "broker": {"host": "127.0.0.1", "port": find_free_port(), "password_file": "password"},
    }


@pytest.fixture
def write(tmp_path):
    def to_file(settings):
        path = tmp_path / "gateway.yaml"
        path.write_text(yaml.safe_dump(settings))
        return path

    return to_file


def test_the_version_is_told():
    """A technician on the telephone reads it out."""
    assert edge_agent("--version").stdout.startswith("0.")


def test_a_correct_configuration_is_said_to_be_correct(settings, write):
    """Exit code 0 and one line."""
    checked = edge_agent("check", "--config", write(settings))
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "gateway nha-van-hoa of sang-moc" in checked.stdout


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_wrong_configuration_ends_with_2_and_every_fault(settings, write, command):
    """systemd does not start again what cannot work; nothing was begun."""
    path = write({**settings, "camras": [], "data_dirr": "x"})
    refused = edge_agent(command, "--config", path)
    assert refused.returncode == 2
    assert "did you mean cameras?" in refused.stderr
    assert "did you mean data_dir?" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (path.parent / "data").exists()


def test_a_missing_file_is_told_plainly(tmp_path):
    """No traceback for a misspelt path."""
    refused = edge_agent("check", "--config", tmp_path / "nothing.yaml")
    assert refused.returncode == 2
    assert "cannot be read" in refused.stderr


def test_check_online_names_what_does_not_answer(settings, write):
    """Broker and centre are away: exit code 1, as it may pass."""
    checked = edge_agent("check", "--online", "--config", write(settings))
    assert checked.returncode == 1
    assert "broker 127.0.0.1" in checked.stderr
    assert "centre http://127.0.0.1" in checked.stderr


async def test_check_online_names_a_main_stream_that_is_not_there(settings, write):
    """The camera is watched without it; only a technician can know what its address should be."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sdp = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
        while request := await reader.readline():
            if b"/main" in request:
                sdp = ""
            if not request.strip():
                status = f"200 OK\r\nContent-Length: {len(sdp)}" if sdp else "404 Not Found"
                writer.write(f"RTSP/1.0 {status}\r\n\r\n{sdp}".encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    uri = f"rtsp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    settings["cameras"] = [
        {
            "id": "cong",
            "name": "Cổng",
            "area": "thon",
            "driver": "rtsp",
            "analysis_uri": f"{uri}/sub",
            "evidence_uri": f"{uri}/main",
        }
    ]
    async with server:
        argv = ("check", "--online", "--config", write(settings))
        checked = await asyncio.to_thread(edge_agent, *argv)
    assert "camera cong: its main stream (evidence_uri): the camera has no stream" in checked.stderr


@pytest.mark.broker
async def test_check_online_is_content_when_all_answer(centre, make_config, settings, write):
    """Broker and centre let the gateway in: exit code 0, and the retained state is untouched."""
    config = make_config()
    settings["centre"]["url"] = centre.url
    settings["centre"]["token_file"] = str(config.centre.token_file)
    settings["broker"]["port"] = config.broker.port
    settings["broker"]["password_file"] = str(config.broker.password_file)
    argv = ("check", "--online", "--config", write(settings))
    checked = await asyncio.to_thread(edge_agent, *argv)
    assert checked.returncode == 0, checked.stderr
    assert "answer" in checked.stdout
    assert not centre.states


def test_what_was_discovered_can_be_pasted_into_the_configuration():
    """The lines are YAML that only lacks area and account."""
    camera = DiscoveredCamera(
        endpoint="urn:uuid:1",
        xaddrs=("http://192.0.2.7/onvif/device_service",),
        name="Cổng chợ",
        hardware="IPC-7",
        scopes=(),
    )
    told = discovery.describe([camera])
    assert "IPC-7" in told
    pasted = yaml.safe_load(told.split("# for gateway.yaml:")[1])["cameras"][0]
    assert pasted["xaddr"] == "http://192.0.2.7/onvif/device_service"
    assert pasted["driver"] == "onvif"
    assert "no camera answered" in discovery.describe([])


def test_replay_has_its_own_options():
    """The recording is named on the command line."""
    assert "--unattended-s" in edge_agent("replay", "--help").stdout
