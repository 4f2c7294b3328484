"""Exactly one verdict on each broadcast, whatever cameras, the child or the broadcast do."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager

import pytest

from contracts.events import Hearing
from edge_agent.clock import SystemClock
from edge_agent.hearing import ears as ears_module
from edge_agent.hearing.ears import Ears, Listening, MicrophoneAddress, MicrophoneUnavailable
from edge_agent.hearing.listening import Verdict
from tests.edge_agent.hearing.sounds import draw_speech, write_wav
from tests.fakes.ports import find_free_port


@pytest.fixture
def audio(tmp_path):
    return write_wav(tmp_path / "b.wav", draw_speech(1, 3.0))


@pytest.fixture
def hung_camera():
    """Accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


class Gateway:
    """Ears whose cameras are given by port, and the verdicts they gave."""

    def __init__(self, ports=None, *, clock=None):
        self._ports = ports or {}
        self.clock = clock or SystemClock()
        self.verdicts = []
        self.ears = Ears(microphones=self._find, clock=self.clock, report=self._report)

    async def _find(self, camera_id):
        if camera_id not in self._ports:
            raise MicrophoneUnavailable(f"the camera {camera_id} is switched off")
        return MicrophoneAddress(uri=f"rtsp://u:secret@127.0.0.1:{self._ports[camera_id]}/sub")

    async def _report(self, verdict):
        self.verdicts.append(verdict)

    def begin(self, audio, *cameras, loudspeaker_id="loa-1", since_s=3.0):
        self.ears.begin(
            Listening(
                broadcast_id="b", loudspeaker_id=loudspeaker_id, camera_ids=cameras,
                audio_path=audio, started_at_s=self.clock.monotonic_s() - since_s, expected_s=3.0,
            )
        )  # fmt: skip

    def end(self, *, loudspeaker_id="loa-1", seconds_sent=3.0):
        self.ears.end("b", loudspeaker_id, seconds_sent=seconds_sent)

    @asynccontextmanager
    async def running(self):
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(self.ears.run())
            yield self
            running.cancel()

    async def verdict(self) -> Verdict:
        async with asyncio.timeout(15):
            while not self.verdicts:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.05)
        (verdict,) = self.verdicts
        return verdict


async def test_a_loudspeaker_without_a_camera_needs_no_process(audio):
    """The verdict comes at the end, not before, and no child is started for it."""
    async with Gateway().running() as gateway:
        gateway.begin(audio)
        await asyncio.sleep(0.1)
        assert gateway.verdicts == []
        gateway.end()
        verdict = await gateway.verdict()
        assert (verdict.hearing, verdict.camera_id) == (Hearing.INCONCLUSIVE, None)
        assert gateway.ears.child.pid is None


async def test_a_camera_that_cannot_be_asked_is_named(audio):
    """The technician reads why the microphone was no use."""
    async with Gateway().running() as gateway:
        gateway.begin(audio, "cam-1")
        gateway.end()
        verdict = await gateway.verdict()
        assert (verdict.hearing, verdict.camera_id) == (Hearing.INCONCLUSIVE, "cam-1")
        assert verdict.detail == "the camera cam-1 is switched off"


async def test_a_hung_camera_is_waited_for_no_longer_than_five_seconds(audio, hung_camera):
    """Nor does one that refuses every connection hold anybody up."""
    cameras = {"hung": hung_camera, "gone": find_free_port()}
    async with Gateway(cameras).running() as gateway:
        gateway.begin(audio, "hung", "gone")
        gateway.end()
        verdict = await gateway.verdict()
        assert (verdict.hearing, verdict.camera_id) == (Hearing.INCONCLUSIVE, "hung")
        assert "does not answer" in verdict.detail
        assert "secret" not in verdict.detail


async def test_a_word_cut_off_at_once_is_not_judged(audio, hung_camera):
    """An emergency took the loudspeaker after half a second."""
    async with Gateway({"hung": hung_camera}).running() as gateway:
        gateway.begin(audio, "hung")
        gateway.end(seconds_sent=0.5)
        verdict = await gateway.verdict()
        assert verdict.detail == "too little of the broadcast was played"


async def test_the_death_of_the_child_costs_one_verdict_only(audio, hung_camera):
    """What it had recorded is lost and said so; the next broadcast has a new child."""
    async with Gateway({"hung": hung_camera}).running() as gateway:
        gateway.begin(audio, "hung")
        first = await running_child(gateway)
        await asyncio.sleep(0.3)
        process = gateway.ears.child._process
        process.kill()
        gateway.end()
        verdict = await gateway.verdict()
        assert verdict.detail == "the process that listens has ended"
        assert await running_child(gateway) != first


async def test_what_is_begun_before_the_ears_run_is_not_forgotten(audio):
    """The order in which parts of the gateway start does not matter."""
    gateway = Gateway()
    gateway.begin(audio, "cam-1")
    gateway.end()
    gateway.end()
    async with gateway.running():
        assert (await gateway.verdict()).camera_id == "cam-1"


async def test_a_broadcast_begun_twice_has_one_verdict(audio):
    """A report repeated after a restart of the player changes nothing."""
    async with Gateway().running() as gateway:
        gateway.begin(audio, "cam-1")
        gateway.begin(audio, "cam-2")
        gateway.end()
        assert (await gateway.verdict()).camera_id == "cam-1"


async def test_an_end_that_nobody_tells_comes_by_itself(audio, clock):
    """The player died: after what was expected and ten minutes more, the verdict says so."""
    async with Gateway(clock=clock).running() as gateway:
        gateway.begin(audio, "cam-1", loudspeaker_id="loa-1", since_s=0.0)
        gateway.begin(audio, loudspeaker_id="loa-2", since_s=0.0)
        await clock.elapse(ears_module.OVERDUE_S)
        assert gateway.verdicts == []
        await clock.elapse(10.0)
        details = {verdict.loudspeaker_id: verdict.detail for verdict in gateway.verdicts}
        assert details == {
            "loa-1": "the camera cam-1 is switched off",
            "loa-2": "no camera is near this loudspeaker",
        }


async def test_the_child_leaves_when_nothing_is_played(audio, hung_camera, monkeypatch):
    """It costs memory, and most hours of a day have no broadcast."""
    monkeypatch.setattr(ears_module, "LINGER_S", 0.5)
    monkeypatch.setattr(ears_module, "_TICK_S", 0.1)
    async with Gateway({"hung": hung_camera}).running() as gateway:
        gateway.begin(audio, "hung")
        await running_child(gateway)
        gateway.end(seconds_sent=0.5)
        deadline_s = time.monotonic() + 10
        while gateway.ears.child.pid is not None:
            assert time.monotonic() < deadline_s
            await asyncio.sleep(0.05)
        gateway.verdicts.clear()
        gateway.begin(audio, "hung")
        await running_child(gateway)
        gateway.end(seconds_sent=0.5)
        await gateway.verdict()


async def running_child(gateway):
    async with asyncio.timeout(10):
        while gateway.ears.child.pid is None:
            await asyncio.sleep(0.02)
    return gateway.ears.child.pid
