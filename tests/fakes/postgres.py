"""A real PostgreSQL server for tests: a folder and a Unix socket of its own, gone afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

PORT = 5432
"""Only names the socket: the server listens on no network."""
_ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
_FAST = {
    # The server's own power cuts are not what these tests are about.
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "autovacuum": "off",
}


class RealPostgres:
    """One server in `folder`; `start`, `kill` and `stop` may alternate."""

    def __init__(self, folder: Path, programs: Path, **settings: str) -> None:
        self._folder = folder
        self._programs = programs
        self._settings = {**_FAST, **settings}
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database of this server."""
        return f"postgresql://centre@/{database}?host={self._folder}&port={PORT}"

    def create(self) -> None:
        """Make the server's files; its owner is whoever may run it."""
        self._run("initdb", "-D", self._files, "-U", "centre", "-A", "trust", "-E", "UTF8", "-N")

    def start(self) -> None:
        """Start it and wait until it answers; it ends with the thread that has started it."""
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        options += ["--listen_addresses=", f"--unix_socket_directories={self._folder}"]
        # A test process that is killed leaves no server behind.
        command = ["setpriv", "--pdeathsig", "INT", self._programs / "postgres"]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "-D", self._files, f"--port={PORT}", *options],
                cwd=self._folder,
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **_as_somebody_else(),
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        deadline_s = time.monotonic() + 30
        ready = [self._programs / "pg_isready", "-q", "-h", self._folder, "-p", str(PORT)]
        while subprocess.run(ready, check=False, cwd=self._folder).returncode != 0:
            gone = self._process is None or self._process.poll() is not None
            assert not gone, f"the server ended: {self._last_words()}"
            assert time.monotonic() < deadline_s, f"the server is silent: {self._last_words()}"
            time.sleep(0.02)

    def stop(self) -> None:
        """End it at once; what was committed is there when it starts again."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """End it as a power cut would: every process of it at once."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in map(int, children):
            with suppress(ProcessLookupError):  # one that ended by itself just now
                os.kill(child, signal.SIGKILL)
        self._end(signal.SIGKILL)
        (self._files / "postmaster.pid").unlink()
        (self._folder / f".s.PGSQL.{PORT}.lock").unlink()

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(with_signal)
            self._process.wait(timeout=20)
            self._process = None

    def query(self, text: str, *, database: str = "postgres") -> str:
        """Run SQL as the server's owner; return the values, one row a line."""
        words = ["-h", self._folder, "-p", str(PORT), "-U", "centre", "-d", database, "-qAt"]
        return self._run("psql", *words, "-v", "ON_ERROR_STOP=1", "-c", text)

    @property
    def _files(self) -> Path:
        return self._folder / "files"

    def _run(self, program: str, *words: str | Path) -> str:
        done = subprocess.run(
            [self._programs / program, *words],
            cwd=self._folder,
            env=_ENVIRONMENT,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=60,
            **_as_somebody_else(),
        )
        assert done.returncode == 0, f"{program}: {done.stdout}"
        return done.stdout.strip()

    def _last_words(self) -> str:
        log = self._folder / "server.log"
        return log.read_text() if log.exists() else "said nothing"


@contextmanager
def open_postgres(**settings: str) -> Iterator[RealPostgres]:
    """Give a running server of the newest release that is installed.

    Raises:
        AssertionError: none is installed.
    """
    # Under the system's own folder for such things: its owner must be able to walk there.
    folder = Path(tempfile.mkdtemp(prefix="ioc-postgres-"))
    try:
        if somebody := _as_somebody_else():
            os.chown(folder, somebody["user"], somebody["group"])
        server = RealPostgres(folder, find_postgres(), **settings)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def find_postgres() -> Path:
    """Return the folder of the server's programs; a missing one is a fault, never a skip.

    Raises:
        AssertionError: it is not on this machine.
    """
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_release)
    found = str(debian[-1]) if debian else shutil.which("initdb")
    assert found, "PostgreSQL is missing: run `make setup` (scripts/apt-packages names its package)"
    return Path(found).resolve().parent


def _release(program: Path) -> int:
    return int(program.parts[4])


def _as_somebody_else() -> Mapping[str, int]:
    """Return who runs the server where we are root, as whom it refuses to run."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid}
