"""A real telephone of another maker, baresip, that answers by itself and records what it plays."""

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.ports import find_free_udp_port, wait_until_bound
from tests.fakes.programs import find_program, running

MODULES = Path("/usr/lib/baresip/modules")


class Baresip:
    """Where it listens, and what it heard."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    @property
    def recordings(self) -> list[Path]:
        """One file for every call, the oldest first."""
        return sorted(self.folder.glob("dump-*-dec.wav"))


@contextmanager
def running_baresip(folder: Path, *, port: int | None = None) -> Iterator[Baresip]:
    """Start one of this test's own; it takes one call at a time."""
    folder.mkdir()
    port = port or find_free_udp_port()
    # Its microphone is a file: silence.
    with wave.open(str(folder / "silence.wav"), "wb") as silence:
        silence.setnchannels(1)
        silence.setsampwidth(2)
        silence.setframerate(8000)
        silence.writeframes(bytes(16_000 * 20))
    modules = ["g711.so", "aufile.so", "sndfile.so"]
    lines = [
        f"sip_listen 127.0.0.1:{port}",
        f"audio_source aufile,{folder}/silence.wav",
        f"snd_path {folder}",
        f"module_path {MODULES}",
        *(f"module {module}" for module in modules),
        "module_app account.so",
        "module_app menu.so",
        "call_max_calls 1",
    ]
    (folder / "config").write_text("\n".join(lines) + "\n")
    (folder / "accounts").write_text(
        f"<sip:loa@127.0.0.1:{port};transport=udp>;regint=0;answermode=auto;audio_codecs=pcma,pcmu\n"
    )
    (folder / "contacts").touch()
    with (
        (folder / "log").open("w") as log,
        running([find_program("baresip"), "-f", str(folder)], stdout=log, stderr=log) as process,
    ):
        wait_until_bound(port)
        yield Baresip(folder, port)
        process.terminate()
        process.wait(timeout=10)
