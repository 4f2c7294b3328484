"""A real RTSP camera with a microphone, a loudspeaker's multicast, and the hearing child."""

import asyncio
import socket
import struct
import threading
import time
from contextlib import contextmanager

import av
import numpy as np
import pytest

from contracts.events import Hearing
from drivers.camera import CameraCredentials, with_credentials
from edge_agent.clock import SystemClock
from edge_agent.hearing.ears import Ears, Listening, MicrophoneAddress
from tests.edge_agent.hearing.sounds import RATE_HZ, draw_speech, write_wav
from tests.fakes.ports import find_free_port
from tests.fakes.simulated_camera import PASSWORD, SimulatedCamera

GROUP = "239.255.42.77"
SECONDS = 6.0


@pytest.fixture
def loudspeaker_port():
    return find_free_port()


@pytest.fixture
def open_camera(tmp_path):
    cameras = []

    def open_one(**settings):
        camera = SimulatedCamera(
            tmp_path / f"camera{len(cameras)}", scene="market-gate", **settings
        )
        cameras.append(camera)
        return camera

    yield open_one
    for camera in cameras:
        camera.stop()


async def speak(samples, port):
    """Send G.711 to the loudspeaker's group, in real time."""
    encoder = av.CodecContext.create("pcm_mulaw", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE_HZ, "mono", "s16"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        began_s = time.monotonic()
        for number, at in enumerate(range(0, len(samples) - 159, 160)):
            frame = av.AudioFrame.from_ndarray(samples[None, at : at + 160], "s16", "mono")
            frame.sample_rate = RATE_HZ
            payload = b"".join(bytes(packet) for packet in encoder.encode(frame))
            marker = 0x80 if number == 0 else 0
            head = struct.pack(">BBHII", 0x80, marker, number, at, 7)
            sender.sendto(head + payload, (GROUP, port))
            await asyncio.sleep(began_s + (number + 1) * 0.02 - time.monotonic())


@contextmanager
def watched(camera):
    """Somebody watches the camera's pictures, and only those, all the while."""
    uri = with_credentials(camera.sub, CameraCredentials(username="admin", password=PASSWORD))
    ended = threading.Event()
    options = {"rtsp_transport": "tcp", "allowed_media_types": "video"}
    with av.open(uri, options=options, timeout=(5, 5)) as container:

        def watch():
            for _ in container.demux():
                if ended.is_set():
                    return

        viewer = threading.Thread(target=watch)
        viewer.start()
        try:
            yield
        finally:
            assert viewer.is_alive(), "the pictures ended when the sound was opened"
            ended.set()
            viewer.join(10)


class Gateway:
    """Ears on given microphones, and the verdicts they gave."""

    def __init__(self, cameras):
        self._uris = {
            name: with_credentials(
                camera.sub, CameraCredentials(username="admin", password=PASSWORD)
            )
            for name, camera in cameras.items()
        }
        self.verdicts = []
        self.ears = Ears(microphones=self._find, clock=SystemClock(), report=self._report)

    async def _find(self, camera_id):
        return MicrophoneAddress(uri=self._uris[camera_id])

    async def _report(self, verdict):
        self.verdicts.append(verdict)

    def listen(self, loudspeaker_id, audio_path, cameras):
        self.ears.begin(
            Listening(
                broadcast_id="b", loudspeaker_id=loudspeaker_id, camera_ids=cameras,
                audio_path=audio_path, started_at_s=time.monotonic(), expected_s=SECONDS,
            )
        )  # fmt: skip

    async def wait_for(self, count):
        async with asyncio.timeout(20):
            while len(self.verdicts) < count:
                await asyncio.sleep(0.05)


@pytest.mark.scenario
@pytest.mark.timeout(90)
async def test_a_camera_tells_what_its_loudspeaker_said(tmp_path, loudspeaker_port, open_camera):
    """What was played is heard 0.4 s later; silence of another loudspeaker, and a deaf camera, are told."""
    near = {"address": GROUP, "port": loudspeaker_port}
    hearing = open_camera(microphone={"loudspeakers": [near], "noise": 800})
    deaf = open_camera()
    played = draw_speech(1, SECONDS)
    audio = write_wav(tmp_path / "played.wav", played)
    other = write_wav(tmp_path / "other.wav", draw_speech(2, SECONDS))
    for _ in range(2):  # once more, if the machine held the simulated camera up while it sounded
        gateway = Gateway({"hearing": hearing, "deaf": deaf})
        with watched(hearing):
            await play_and_judge(gateway, played, audio, other, loudspeaker_port)
        one, two, three = sorted(gateway.verdicts, key=lambda verdict: verdict.loudspeaker_id)
        if one.hearing is Hearing.HEARD and one.lag_s > 0.0:
            break
    assert (one.hearing, one.camera_id) == (Hearing.HEARD, "hearing"), one
    assert one.score > one.threshold
    assert one.measured_s > SECONDS / 2
    assert 0.0 < one.lag_s < 2.0, "a camera hears after the loudspeaker, within an echo or so"
    assert "loa-2" in one.detail
    assert two.hearing is Hearing.NOT_HEARD, two
    assert (three.hearing, three.camera_id) == (Hearing.INCONCLUSIVE, "deaf")
    assert "no microphone" in three.detail


async def play_and_judge(gateway, played, audio, other, loudspeaker_port):
    """The first loudspeaker sounds; the second has other words, the third a deaf camera."""
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(gateway.ears.run())
        gateway.ears.prepare(["hearing", "deaf"])
        await asyncio.sleep(3.0)
        gateway.listen("loa-1", audio, ("deaf", "hearing"))
        gateway.listen("loa-2", other, ("hearing",))
        gateway.listen("loa-3", audio, ("deaf",))
        await speak(played, loudspeaker_port)
        for name in ("loa-1", "loa-2", "loa-3"):
            gateway.ears.end("b", name, seconds_sent=SECONDS)
        await gateway.wait_for(3)
        running.cancel()


def test_drawn_speech_is_loud_enough():
    """The room above is worth nothing if its speech is silence."""
    assert np.std(draw_speech(1, 2.0)) > 500
