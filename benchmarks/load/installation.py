"""A centre with its broker and, where asked, a PostgreSQL server, in a temporary folder."""

import asyncio
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import ingest
import yaml

from ioc import administration
from ioc.clock import SystemClock
from ioc.people import Role
from ioc.settings import Settings, load
from load.processes import Programs

RULES = 30


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Where everything is."""

    broker_port: int
    address: str
    password: str
    credentials: list[dict[str, str]]
    programs: Programs


@contextmanager
def installation(*, gateways: int, database: str) -> Iterator[Installation]:
    """Run a centre with `RULES` rules and so many gateways; `database`: sqlite or postgresql."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        broker_port, web_port = ingest.free_port(), ingest.free_port()
        url = stack.enter_context(_postgresql()) if database == "postgresql" else None
        config = _write_settings(folder, broker_port, web_port, url)
        password, credentials = asyncio.run(_prepare(load(config), gateways))
        broker = stack.enter_context(ingest.process(ingest.mosquitto(folder, broker_port)))
        ingest.wait_for(broker_port)
        centre = stack.enter_context(
            ingest.process([sys.executable, "-m", "ioc", "serve", "--config", config])
        )
        ingest.wait_for(web_port)
        pids = {"centre": centre.pid, "broker": broker.pid, "generator": os.getpid()}
        if url is not None:
            pids["postgresql"] = _postmaster(url)
        yield Installation(
            broker_port=broker_port,
            address=f"http://127.0.0.1:{web_port}",
            password=password,
            credentials=credentials,
            programs=Programs(pids=pids),
        )


def _write_settings(folder: Path, broker_port: int, web_port: int, url: str | None) -> Path:
    settings = {
        "data_dir": "centre",
        "commune": {"name": "Bench"},
        "areas": [{"id": "xa", "name": "Bench"}],
        "web": {"port": web_port},
        "broker": {"port": broker_port},
        "rules": "rules.yaml",
        # Every alarm calls at once: what is measured is the way to the console, not a delay.
        "alarms": {"kinds": {"device_down": {"on_delay_s": 0, "off_delay_s": 0}}},
    }
    if url is not None:
        settings["database"] = {"url": url}
    config = folder / "centre.yaml"
    config.write_text(yaml.safe_dump(settings))
    (folder / "rules.yaml").write_text(yaml.safe_dump({"rules": _rules()}))
    return config


def _rules() -> list[dict[str, object]]:
    """Return rules that all look at every event, and of which none fires."""
    return [
        {
            "id": f"rule-{n}",
            "name": f"Rule {n}",
            "priority": "low",
            "event": {"kind": "motion.started", "where": {"share": {"at_least": 0.5 + n / 100}}},
            **({"times": 3, "within_s": 600, "same": "device"} if n % 3 == 0 else {}),
        }
        for n in range(RULES)
    ]


async def _prepare(settings: Settings, gateways: int) -> tuple[str, list[dict[str, str]]]:
    await administration.init(settings)
    clock = SystemClock()
    async with administration.open_people(settings, clock) as people:
        password = await people.add_user("bench", name="B", role=Role.OPERATOR, area_id="xa")
    credentials = [
        await administration.add_gateway(
            settings, clock, ids=("bench", f"gw-{n}"), name=f"Gateway {n}", area_id="xa"
        )
        for n in range(gateways)
    ]
    return password, [asdict(each) for each in credentials]


@contextmanager
def _postgresql() -> Iterator[str]:
    """Run a server of its own with its defaults; as `nobody` where we are root."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        raise SystemExit("PostgreSQL is missing: run `make setup`")
    folder = Path(tempfile.mkdtemp(prefix="bench-postgres-"))
    somebody = {}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        somebody = {"user": nobody.pw_uid, "group": nobody.pw_gid}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)

    def run(*words: str | Path) -> None:
        command = [programs[-1] / words[0], *words[1:]]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(
            command, check=True, cwd=folder, stdin=subprocess.DEVNULL, **quiet, **somebody
        )

    files = folder / "files"
    try:
        run("initdb", "-D", files, "-U", "centre", "-A", "trust", "-E", "UTF8")
        run("pg_ctl", "start", "-w", "-D", files, "-o", f"-c listen_addresses='' -k {folder}")
        yield f"postgresql://centre@/postgres?host={folder}"
        run("pg_ctl", "stop", "-w", "-D", files, "-m", "fast")
    finally:
        shutil.rmtree(folder)


def _postmaster(url: str) -> int:
    folder = Path(url.rpartition("host=")[2])
    return int((folder / "files" / "postmaster.pid").read_text().split()[0])
