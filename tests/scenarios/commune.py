"""A commune of real processes: broker, control centre, gateway agent, simulated devices.

Everything lies in one folder, listens on 127.0.0.1 only, and has ended when the `with` ends.
"""

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml

from tests.fakes.broker import RealBroker
from tests.fakes.ports import find_free_port
from tests.scenarios.children import Child, eventually, program
from tests.scenarios.console import Console

SITE, GATEWAY, AREA = "thu", "tu-1", "ban-chuong"
CAMERA_USER, CAMERA_PASSWORD = "gateway", "camera-password"
LOUDSPEAKER_USER, LOUDSPEAKER_PASSWORD = "loa", "loudspeaker-password"
WHOLE_PICTURE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]


@dataclass
class GatewayPlan:
    """What stands in gateway.yaml."""

    cameras: list[dict[str, Any]] = field(default_factory=list)
    loudspeakers: list[dict[str, Any]] = field(default_factory=list)
    others: dict[str, Any] = field(default_factory=dict)


class Commune:
    """See the module; `with Commune(folder) as commune: commune.start_centre() …`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broker = RealBroker(folder / "broker")
        self.web_port = find_free_port()
        self.address = f"http://127.0.0.1:{self.web_port}"
        self.plan = GatewayPlan()
        self.centre_file = folder / "centre.yaml"
        self.gateway_file = folder / "gateway.yaml"
        self.children: list[Child] = []
        self._consoles: list[Console] = []
        self._environment = dict(os.environ) | {"PYTHONUNBUFFERED": "1"}
        self._environment["CAMERA_PASSWORD"] = CAMERA_PASSWORD
        self._environment["LOUDSPEAKER_PASSWORD"] = LOUDSPEAKER_PASSWORD
        self.passwords: dict[str, str] = {}
        self.others: dict[str, str] = {}
        """What was printed for a second gateway."""
        self.gateway_secrets: dict[str, str] = {}
        self.centre = self.child("centre", program("ioc"), "serve", "--config", self.centre_file)
        self.agent = self.child(
            "agent", program("edge-agent"), "run", "--config", self.gateway_file
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for console in self._consoles:
            console.close()
        for child in reversed(self.children):
            child.cleanup()
        self.broker.stop()

    def child(self, name: str, *arguments: str | Path) -> Child:
        """Return a program of this commune, not yet started; it has ended when the `with` ends."""
        child = Child(name, arguments, folder=self.folder, environment=self._environment)
        self.children.append(child)
        return child

    def found(self) -> None:
        """Write the settings, make keys, add the operator, the hamlet head and the gateway."""
        document = {
            "data_dir": str(self.folder / "centre"),
            "commune": {"name": "Xã Thử"},
            "areas": [
                {"id": "xa", "name": "Xã Thử"},
                {"id": AREA, "name": "Bản Chương", "parent": "xa"},
                {"id": "na-lang", "name": "Nà Lang", "parent": "xa"},
            ],
            "web": {"host": "127.0.0.1", "port": self.web_port},
            "broker": {"host": "127.0.0.1", "port": self.broker.port},
        }
        self.centre_file.write_text(yaml.safe_dump(document, allow_unicode=True))
        self.ioc("init")
        self.add_user("lan", role="operator", area="xa")
        self.add_user("truong", role="hamlet_head", area=AREA)
        self.gateway_secrets = json.loads(
            self.ioc(
                "gateway",
                "add",
                GATEWAY,
                "--site",
                SITE,
                "--area",
                AREA,
                "--name",
                "Tủ 1",
                "--json",
            )
        )
        for name in ("mqtt_password", "token"):
            (self.folder / name).write_text(self.gateway_secrets[name])
            (self.folder / name).chmod(0o600)
        centre_broker = self.folder / "centre" / "broker"
        self.broker.use_files(passwords=centre_broker / "passwords", acl=centre_broker / "acl")

    def ioc(self, *arguments: str | Path) -> str:
        """Run one command of the centre's CLI; it must succeed."""
        done = subprocess.run(
            [program("ioc"), *arguments, "--config", self.centre_file],
            check=False,
            capture_output=True,
            timeout=60,
            env=self._environment,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout.decode()

    def add_user(self, login: str, *, role: str, area: str) -> None:
        """Add a person; their first password is in `passwords`."""
        answer = self.ioc(
            "user", "add", login, "--role", role, "--name", login, "--area", area, "--json"
        )
        self.passwords[login] = json.loads(answer)["password"]

    def start_centre(self) -> None:
        """Start the control centre and wait until it answers."""
        self.centre.start()
        self.wait_for_centre()

    def wait_for_centre(self, *, within_s: float = 30) -> None:
        """Return once the control centre answers by HTTP."""
        eventually(self._centre_answers, within_s=within_s, what="the centre answers")

    def sign_in(self, login: str = "lan") -> Console:
        """Return a person at the console."""
        console = Console(self.address, login, self.passwords[login])
        self._consoles.append(console)
        return console

    def add_camera(
        self, camera_id: str, *arguments: str | Path, loudspeakers: tuple[str, ...] = ()
    ) -> Child:
        """Start a simulated ONVIF camera and put it in the gateway's configuration."""
        camera = self.child(
            camera_id,
            program("python"),
            *("-m", "simulator.camera", "--name", camera_id, "--username", CAMERA_USER),
            *arguments,
        )
        camera.start()
        self.plan_camera(camera_id, str(camera.ready(within_s=90)["xaddr"]), loudspeakers)
        return camera

    def plan_camera(self, camera_id: str, xaddr: str, loudspeakers: tuple[str, ...] = ()) -> None:
        """Put an ONVIF camera in the gateway's configuration, whether it is there or not."""
        password_file = self.folder / f"{camera_id}.password"
        password_file.write_text(CAMERA_PASSWORD)
        self.plan.cameras.append(
            {
                "id": camera_id,
                "name": f"Camera {camera_id}",
                "area": AREA,
                "driver": "onvif",
                "xaddr": xaddr,
                "username": CAMERA_USER,
                "password_file": str(password_file),
                "zones": [{"name": "toàn cảnh", "purpose": "no_dumping", "polygon": WHOLE_PICTURE}],
                "unattended_s": 10,
                "loudspeakers": list(loudspeakers),
            }
        )

    def add_loudspeaker(self, loudspeaker_id: str, *, group: str, codec: str = "pcmu") -> Child:
        """Start a simulated multicast loudspeaker and put it in the gateway's configuration."""
        port = find_free_port()
        loudspeaker = self.child(
            loudspeaker_id,
            *(program("python"), "-m", "simulator.loudspeaker", "--listen", group),
            *("--port", str(port), "--interface", "127.0.0.1", "--codec", codec),
            *("--record", self.folder / f"{loudspeaker_id}.played"),
        )
        loudspeaker.start()
        loudspeaker.ready()
        self.plan.loudspeakers.append(
            {
                "id": loudspeaker_id,
                "name": f"Loa {loudspeaker_id}",
                "area": AREA,
                "driver": "rtp_multicast",
                "address": group,
                "port": port,
                "codec": codec,
                "interface": "127.0.0.1",
            }
        )
        return loudspeaker

    def add_web_loudspeaker(self, loudspeaker_id: str, *, kind: str, codec: str = "pcmu") -> Child:
        """Start a simulated network speaker (`axis`, `hikvision`) and put it in the configuration."""
        loudspeaker = self.child(
            loudspeaker_id,
            *(program("python"), "-m", "simulator.loudspeaker", "--kind", kind),
            *("--listen", "127.0.0.1", "--port", "0", "--codec", codec),
            *("--username", LOUDSPEAKER_USER),
            *("--record", self.folder / f"{loudspeaker_id}.played"),
        )
        loudspeaker.start()
        port = loudspeaker.ready()["port"]
        password_file = self.folder / f"{loudspeaker_id}.password"
        password_file.write_text(LOUDSPEAKER_PASSWORD)
        password_file.chmod(0o600)
        self.plan.loudspeakers.append(
            {
                "id": loudspeaker_id,
                "name": f"Loa {loudspeaker_id}",
                "area": AREA,
                "driver": {"axis": "axis_vapix", "hikvision": "hikvision_isapi"}[kind],
                "url": f"http://127.0.0.1:{port}",
                "username": LOUDSPEAKER_USER,
                "password_file": str(password_file),
            }
        )
        return loudspeaker

    def write_gateway(self) -> None:
        """Write gateway.yaml as planned."""
        document = {
            "site_id": SITE,
            "gateway_id": GATEWAY,
            "data_dir": str(self.folder / "gateway"),
            "centre": {
                "url": self.address,
                "token_file": str(self.folder / "token"),
                "public_key": self.gateway_secrets["centre_public_key"],
            },
            "broker": {
                "host": "127.0.0.1",
                "port": self.broker.port,
                "password_file": str(self.folder / "mqtt_password"),
            },
            "cameras": self.plan.cameras,
            "loudspeakers": self.plan.loudspeakers,
            **self.plan.others,
        }
        self.gateway_file.write_text(yaml.safe_dump(document, allow_unicode=True))

    def start_agent(self) -> None:
        """Write the configuration and start the gateway agent."""
        self.write_gateway()
        self.agent.start()

    def _centre_answers(self) -> bool:
        assert not self.centre.ended, self.centre.complaint()
        try:
            return httpx.get(f"{self.address}/dang-nhap", timeout=2).status_code == 200
        except httpx.TransportError:
            return False
