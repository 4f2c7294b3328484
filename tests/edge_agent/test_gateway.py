"""The whole gateway as a process: a camera, a loudspeaker, a broker and a centre around it."""

import asyncio
import base64
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from contracts.commands import Audio, MarkFixture, SetTalkDowns, Speak, TalkDown
from contracts.events import (
    Answer,
    BroadcastHeard,
    BroadcastProgress,
    CommandOutcome,
    CommandResult,
    DeviceDown,
    DeviceUp,
    DownReason,
    EvidenceClip,
    Hearing,
    LitteringConfirmed,
    LitteringFixture,
    TalkDownAnswered,
    TalkDownSpoken,
)
from contracts.state import Will
from tests.edge_agent.audio import tone_ogg
from tests.edge_agent.centre import TOKEN
from tests.fakes.ports import find_free_port

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120)]

PASSWORD = "Khong-Doan-Duoc-1"
WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]]


@asynccontextmanager
async def process(*argv, env=None, log=None):
    """A process that ends with the block; yields it with its standard output."""
    running = await asyncio.create_subprocess_exec(
        *argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env={**os.environ, **(env or {})},
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(10):
                    await running.wait()
            except TimeoutError:
                running.kill()
                await running.wait()


@asynccontextmanager
async def camera(*options):
    argv = (sys.executable, "-m", "simulator.camera", "--name", "lane", *options)
    async with process(*argv, env={"CAMERA_PASSWORD": PASSWORD}) as running:
        async with asyncio.timeout(20):
            ready = json.loads(await running.stdout.readline())
        yield ready["xaddr"]


def write_config(folder, centre, broker, *, cameras=(), loudspeakers=()):
    (folder / "token").write_text(TOKEN)
    (folder / "password").write_text("gateway-password")
    (folder / "camera-password").write_text(PASSWORD)
    config = {
        "site_id": "sang-moc",
        "gateway_id": "nha-van-hoa",
        "data_dir": "data",
        "centre": {"url": centre.url, "token_file": "token", "public_key": centre.public_key},
        "broker": {"host": broker.host, "port": broker.port, "password_file": "password"},
        "cameras": cameras,
        "loudspeakers": loudspeakers,
        "telemetry": {"sample_s": 1, "commit_s": 2},
    }
    path = folder / "gateway.yaml"
    path.write_text(json.dumps(config))
    return path


def camera_settings(xaddr, **changes):
    return {
        "id": "cam1",
        "name": "Ngõ",
        "area": "ban-chuong",
        "driver": "onvif",
        "xaddr": xaddr,
        "username": "admin",
        "password_file": "camera-password",
        "zones": [
            {"name": "ven-duong", "purpose": "no_dumping", "polygon": WHOLE},
            {"name": "ngo", "purpose": "motion", "polygon": WHOLE},
        ],
        "unattended_s": 3,
        **changes,
    }


def loudspeaker_settings(port):
    return {
        "id": "loa1",
        "name": "Loa",
        "area": "ban-chuong",
        "driver": "rtp_multicast",
        "address": "239.192.7.7",
        "port": port,
        "interface": "127.0.0.1",
    }


@asynccontextmanager
async def agent(config, log):
    argv = (sys.executable, "-m", "edge_agent", "run", "--config", str(config))
    async with process(*argv, log=log) as running:
        yield running


@pytest.fixture
def agent_log(tmp_path):
    with (tmp_path / "agent.log").open("ab") as file:
        yield file
    sys.stdout.write((tmp_path / "agent.log").read_text())


def states_of(centre, loudspeaker_id="loa1"):
    return [
        str(event.data.state)
        for event in centre.events
        if isinstance(event.data, BroadcastProgress) and event.device_id == loudspeaker_id
    ]


async def order_talk_down(centre) -> None:
    """Have the loudspeaker speak to whoever leaves something in the lane."""
    audio = tone_ogg(seconds=1.0)
    sha256 = hashlib.sha256(audio).hexdigest()
    centre.audio[sha256] = audio
    talk_down = TalkDown(
        talk_down_id="44444444-0000-4000-8000-000000000001",
        camera_id="cam1",
        causes=("littering",),
        loudspeaker_ids=("loa1",),
        audio=Audio(sha256=sha256, size_bytes=len(audio), duration_s=1),
    )
    await centre.order(centre.sign(SetTalkDowns(talk_downs=(talk_down,))))
    await centre.until(lambda: ("GET", f"/gateway/audio/{sha256}") in centre.requests, 15)


async def test_littering_is_seen_and_its_evidence_arrives(centre, broker, tmp_path, agent_log):
    """A bag left in the lane becomes an event with pictures and a clip, and is spoken about, until
    somebody says that it belongs there; telemetry comes too."""
    async with camera("--scene", "lane-dumping") as xaddr:
        settings = camera_settings(xaddr, clip={"before_s": 2, "after_s": 1})
        speakers = [loudspeaker_settings(find_free_port())]
        config = write_config(tmp_path, centre, broker, cameras=[settings], loudspeakers=speakers)
        async with agent(config, agent_log):
            await centre.until(lambda: centre.births)
            await order_talk_down(centre)
            await centre.until(lambda: centre.data(LitteringConfirmed), 70)
            (littering,) = centre.data(LitteringConfirmed)
            await centre.until(lambda: centre.data(TalkDownSpoken), 15)
            wanted = {picture.sha256 for picture in littering.pictures}
            assert wanted
            await centre.until(lambda: wanted <= set(centre.evidence), 15)
            await centre.until(lambda: any(b"camera_fps" in row for row in centre.telemetry), 15)
            async with asyncio.timeout(10):
                while any(
                    (tmp_path / "data" / "spool" / f"{name}.jpg").exists() for name in wanted
                ):
                    await asyncio.sleep(0.1)
            await centre.until(lambda: centre.data(EvidenceClip), 15)
            (clip,) = centre.data(EvidenceClip)
            await centre.until(lambda: clip.clip.sha256 in centre.evidence, 20)
            await centre.order(
                centre.sign(MarkFixture(camera_id="cam1", object_id=littering.object_id))
            )
            await centre.until(lambda: centre.data(LitteringFixture), 15)
            await centre.until(lambda: centre.data(TalkDownAnswered), 15)
    (spoken,) = centre.data(TalkDownSpoken)
    (answered,) = centre.data(TalkDownAnswered)
    assert spoken.object_id == clip.object_id == littering.object_id
    assert (answered.broadcast_id, answered.answer) == (spoken.broadcast_id, Answer.UNKNOWN)
    assert centre.evidence[clip.clip.sha256][4:8] == b"ftyp"
    (taught,) = json.loads((tmp_path / "data" / "fixtures" / "cam1.json").read_text())
    assert taught["looks"], "the analysis still knew the object"
    assert not centre.data(DeviceDown)


async def test_an_order_to_speak_is_heard_and_proven(centre, broker, tmp_path, agent_log):
    """The loudspeaker plays what the centre ordered; every step is reported, then a clean stop."""
    audio = tone_ogg(seconds=2.0)
    sha256 = hashlib.sha256(audio).hexdigest()
    centre.audio[sha256] = audio
    port = find_free_port()
    listen = ("--listen", "239.192.7.7", "--port", str(port), "--interface", "127.0.0.1")
    loudspeaker = (sys.executable, "-m", "simulator.loudspeaker", *listen)
    async with process(*loudspeaker, "--record", str(tmp_path / "heard")) as ears:
        await ears.stdout.readline()
        config = write_config(tmp_path, centre, broker, loudspeakers=[loudspeaker_settings(port)])
        async with agent(config, agent_log) as running:
            await centre.until(lambda: centre.births)
            speak = Speak(
                broadcast_id="33333333-0000-4000-8000-000000000001",
                loudspeaker_ids=("loa1", "loa9"),
                audio=Audio(sha256=sha256, size_bytes=len(audio), duration_s=2),
            )
            await centre.order(centre.sign(speak))
            await centre.until(lambda: "finished" in states_of(centre), 20)
            await centre.until(lambda: centre.data(BroadcastHeard), 20)
            began = asyncio.get_running_loop().time()
            running.send_signal(signal.SIGTERM)
            assert await running.wait() == 0
            assert asyncio.get_running_loop().time() - began < 5
        assert states_of(centre) == ["accepted", "cached", "started", "finished"]
        assert states_of(centre, "loa9") == ["failed"]
        (heard,) = centre.data(BroadcastHeard)
        assert (heard.hearing, heard.camera_id) == (Hearing.INCONCLUSIVE, None), "no camera is near"
        assert CommandOutcome.DONE in {result.outcome for result in centre.data(CommandResult)}
        assert isinstance(centre.states[-1], Will)
        async with asyncio.timeout(10):
            line = {}
            while line.get("event") != "played":
                line = json.loads(await ears.stdout.readline())
    assert line["seconds"] == pytest.approx(2.0, abs=0.2)


async def test_a_wrong_password_is_told_after_one_attempt(centre, broker, tmp_path, agent_log):
    """The technician learns of a wrong password; the camera's account is not tried again soon."""
    async with camera("--scene", "culture-house") as xaddr:
        config = write_config(tmp_path, centre, broker, cameras=[camera_settings(xaddr)])
        (tmp_path / "camera-password").write_text("wrong")
        async with agent(config, agent_log):
            await centre.until(lambda: centre.data(DeviceDown), 20)
            await asyncio.sleep(3)
    assert [down.reason for down in centre.data(DeviceDown)] == [DownReason.AUTH_FAILED]
    log = (tmp_path / "agent.log").read_text()
    assert log.count("failed, will be tried again") == 1
    assert PASSWORD not in log


async def test_killed_while_speaking_it_says_so_after_the_restart(
    centre, broker, tmp_path, agent_log
):
    """Kill -9 of the agent in the middle of a broadcast: reported as failed, not as played."""
    audio = tone_ogg(seconds=20.0)
    sha256 = hashlib.sha256(audio).hexdigest()
    centre.audio[sha256] = audio
    settings = loudspeaker_settings(find_free_port())
    config = write_config(tmp_path, centre, broker, loudspeakers=[settings])
    async with agent(config, agent_log) as running:
        await centre.until(lambda: centre.births)
        speak = Speak(
            broadcast_id="33333333-0000-4000-8000-000000000002",
            loudspeaker_ids=("loa1",),
            audio=Audio(sha256=sha256, size_bytes=len(audio), duration_s=20),
        )
        signed = centre.sign(speak)
        await centre.order(signed)
        await centre.until(lambda: "started" in states_of(centre), 20)
        running.kill()
        await running.wait()
    async with agent(config, agent_log):
        await centre.until(lambda: "failed" in states_of(centre), 20)
        command_id = json.loads(base64.b64decode(json.loads(signed)["payload"]))["id"]

        def answers():
            return [r.outcome for r in centre.data(CommandResult) if r.command_id == command_id]

        assert answers() == [CommandOutcome.DONE]
        await centre.order(signed)
        await centre.until(lambda: answers() == [CommandOutcome.DONE] * 2, 10)
    assert states_of(centre) == ["accepted", "cached", "started", "failed"]
    assert centre.data(BroadcastProgress)[-1].detail == "agent restarted"


def log_of(tmp_path):
    return [json.loads(line) for line in (tmp_path / "agent.log").read_text().splitlines()]


async def logged(tmp_path, count: int, **fields) -> dict:
    """The `count`-th entry of the agent's log with these fields."""
    async with asyncio.timeout(30):
        while True:
            found = [line for line in log_of(tmp_path) if fields.items() <= line.items()]
            if len(found) >= count:
                return found[count - 1]
            await asyncio.sleep(0.1)


async def fps_samples(centre, more: int) -> None:
    seen = len([row for row in centre.telemetry if b"camera_fps" in row])
    await centre.until(
        lambda: len([row for row in centre.telemetry if b"camera_fps" in row]) >= seen + more, 40
    )


async def test_a_camera_that_goes_and_comes_back(centre, broker, tmp_path, agent_log):
    """Down when it is lost, up when it is back; a crash of the analysis alone is no fault of it."""
    ports = ("--http-port", str(find_free_port()), "--rtsp-port", str(find_free_port()))
    async with camera("--scene", "culture-house", *ports) as xaddr:
        config = write_config(tmp_path, centre, broker, cameras=[camera_settings(xaddr)])
        async with agent(config, agent_log):
            await fps_samples(centre, 1)
            vision = await logged(tmp_path, 1, event="child started", child="vision")
            os.kill(vision["pid"], signal.SIGKILL)
            await logged(tmp_path, 2, event="child started", child="vision")
            await fps_samples(centre, 1)
            assert not centre.data(DeviceDown)
            camera_process = camera_pid(xaddr)
            os.kill(camera_process, signal.SIGKILL)
            await centre.until(lambda: centre.data(DeviceDown), 30)
            async with camera("--scene", "culture-house", *ports):
                await centre.until(lambda: len(centre.data(DeviceUp)) == 2, 60)
    first, up = centre.data(DeviceUp)
    assert first.down_s == 0, "first seen in this run"
    assert 0 < up.down_s < 60


def camera_pid(xaddr: str) -> int:
    """The process that listens where a simulated camera says it is."""
    port = xaddr.split(":")[2].split("/", maxsplit=1)[0]
    found = subprocess.run(
        ["pgrep", "-f", f"simulator.camera.*--http-port {port}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(found.stdout.split()[0])


async def test_a_player_that_crashes_is_no_silence_for_ever(centre, broker, tmp_path, agent_log):
    """What played is reported as failed; what is ordered next is played."""
    audio = tone_ogg(seconds=10.0)
    sha256 = hashlib.sha256(audio).hexdigest()
    centre.audio[sha256] = audio
    settings = loudspeaker_settings(find_free_port())
    config = write_config(tmp_path, centre, broker, loudspeakers=[settings])

    def speak(number):
        return Speak(
            broadcast_id=f"33333333-0000-4000-8000-{number:012}",
            loudspeaker_ids=("loa1",),
            audio=Audio(sha256=sha256, size_bytes=len(audio), duration_s=10),
        )

    async with agent(config, agent_log):
        player = await logged(tmp_path, 1, event="child started", child="player")
        await centre.until(lambda: centre.births)
        await centre.order(centre.sign(speak(1)))
        await centre.until(lambda: "started" in states_of(centre), 20)
        os.kill(player["pid"], signal.SIGKILL)
        await centre.until(lambda: "failed" in states_of(centre), 20)
        await centre.order(centre.sign(speak(2)))
        await centre.until(lambda: states_of(centre).count("started") == 2, 20)


async def test_systemd_hears_of_the_service(centre, broker, tmp_path, agent_log, monkeypatch):
    """Ready, alive while the loop turns and the outbox answers, stopping."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "1000000")
        config = write_config(tmp_path, centre, broker)
        async with agent(config, agent_log) as running:
            heard = ""
            async with asyncio.timeout(20):
                while heard.count("WATCHDOG=1") < 2:
                    heard += (await asyncio.get_running_loop().sock_recv(systemd, 500)).decode()
                running.send_signal(signal.SIGTERM)
                while "STOPPING=1" not in heard:
                    heard += (await asyncio.get_running_loop().sock_recv(systemd, 500)).decode()
    assert heard.startswith("READY=1")
    assert "STATUS=connected to the broker" in heard
