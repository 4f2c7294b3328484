"""What a viewer sees on the simulated camera's two streams."""

import asyncio
import errno
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import av
import pytest

from drivers.camera import CameraCredentials
from drivers.rtsp_camera import probe
from simulator.camera.stream.output import StreamOutput
from tests.fakes.recordings import read_number
from tests.fakes.rtsp_viewer import open_stream, watch
from tests.fakes.simulated_camera import PASSWORD
from tests.simulator.camera.conftest import CameraFactory

pytestmark = pytest.mark.timeout(60)


def test_a_recording_is_seen_whole_once_and_then_stands_still(
    start_camera: CameraFactory, counting_clip: Path
) -> None:
    """The first viewer sees every picture in order; afterwards the last one stays, without a loop."""
    camera = start_camera(video=counting_clip)
    account = CameraCredentials(username="admin", password=PASSWORD)
    assert asyncio.run(probe(camera.sub, account)) == "H264"
    time.sleep(1.5)  # somebody has looked, but nobody watches yet: nothing may be missed
    with open_stream(camera.sub) as container:
        numbers = []
        for frame in container.decode(video=0):
            numbers.append(read_number(frame))
            if numbers.count(29) > 12:
                break
    assert numbers == sorted(numbers), "a loop or a jump would fake a scene change"
    assert set(numbers) == set(range(30))
    camera.wait_for("ended", timeout_s=1)


def test_streams_have_a_camera_s_sizes_and_keyframes(
    start_camera: CameraFactory, counting_clip: Path
) -> None:
    """Main is as large as the recording, sub at most 640 wide; keyframes come every 2 s."""
    camera = start_camera(video=counting_clip)
    with open_stream(camera.sub) as sub, open_stream(camera.main) as main:
        sizes = [
            (item.streams.video[0].width, item.streams.video[0].height) for item in (main, sub)
        ]
        assert sizes == [(800, 600), (640, 480)]
        packets = watch(sub, 6.5)
    keyframes = [float(p.pts * p.time_base) for _, p in packets if p.is_keyframe and p.pts]
    gaps = [after - before for before, after in pairwise(keyframes)]
    assert gaps, "not two keyframes in 6.5 s"
    assert max(gaps) == pytest.approx(2.0, abs=0.15)


def test_kept_packets_keep_their_keyframes_and_end(
    start_camera: CameraFactory, counting_clip: Path
) -> None:
    """With keep_gop a viewer gets the recording's own keyframes, then the end, then no stream."""
    camera = start_camera(video=counting_clip, keep_gop=True)
    with open_stream(camera.sub) as container:
        numbers = [read_number(frame) for frame in container.decode(video=0)]
    assert set(numbers) == set(range(30))
    with pytest.raises(av.HTTPNotFoundError), open_stream(camera.sub):
        pass


def test_a_drawn_scene_streams_in_real_time(start_camera: CameraFactory) -> None:
    """The quiet scene gives 10 pictures a second on both streams and starts with its first viewer."""
    camera = start_camera(scene="market-gate")
    with open_stream(camera.sub) as sub, open_stream(camera.main) as main:
        assert (sub.streams.video[0].width, main.streams.video[0].width) == (640, 1280)
        camera.wait_for("started")
        watch(sub, 1)  # what waited while the stream was opened
        packets = watch(sub, 4)
    assert len(packets) == pytest.approx(40, abs=8)


def test_a_wrong_password_sees_nothing(start_camera: CameraFactory, counting_clip: Path) -> None:
    """RTSP asks for the account, and a password that was changed counts at once."""
    camera = start_camera(video=counting_clip)
    with pytest.raises(av.HTTPUnauthorizedError), open_stream(camera.sub, password="wrong"):
        pass
    camera.order(do="password", value="other")
    time.sleep(0.2)
    with pytest.raises(av.HTTPUnauthorizedError), open_stream(camera.sub):
        pass
    with open_stream(camera.sub, password="other") as container:
        assert watch(container, 0.2)


@pytest.mark.parametrize("order", ["stall", "freeze"])
def test_a_stall_leaves_the_connection_open(start_camera: CameraFactory, order: str) -> None:
    """During a stall a reader times out; afterwards the same camera serves again."""
    camera = start_camera(scene="culture-house")
    with open_stream(camera.sub) as container:
        assert watch(container, 1)
        camera.order(do=order)
        with pytest.raises((av.ExitError, OSError)) as waited:
            watch(container, 10)
        # libav calls it so where its patience ends within a packet.
        assert isinstance(waited.value, av.ExitError) or waited.value.errno == errno.EIO
    camera.order(do="resume")
    with open_stream(camera.sub) as container:
        frame = next(container.decode(video=0))
        assert frame.width == 640


def test_dropped_viewers_lose_their_connection(start_camera: CameraFactory) -> None:
    """A drop ends the connection at once; the camera takes the next one."""
    camera = start_camera(scene="culture-house")
    with open_stream(camera.sub) as container:
        assert watch(container, 0.5)
        camera.order(do="drop")
        start_s = time.monotonic()
        with suppress(av.FFmpegError):
            watch(container, 10)
        assert time.monotonic() - start_s < 4
    with open_stream(camera.sub) as container:
        assert watch(container, 0.5)


async def test_who_watches_the_main_stream_only_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recording waits for the sub-stream's viewer, but not for ever."""
    monkeypatch.setattr("simulator.camera.stream.output.SUB_GRACE_S", 0.2)
    output = StreamOutput(server=None)
    output.on_server_event({"event": "prepared", "stream": "main"})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await output.wait_for_viewer()
    output.on_server_event({"event": "playing", "stream": "main"})
    async with asyncio.timeout(2):
        await output.wait_for_viewer()
