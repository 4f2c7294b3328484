"""Starts the commune's processes in order, keeps them running, and ends them in order."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from simulator.commune import documents
from simulator.commune.first_roster import RosterRefused, enter_roster
from simulator.commune.folder import Folder
from simulator.commune.founding import Founding
from simulator.commune.options import Options
from simulator.commune.ports import PREFERRED, choose_ports, is_free
from simulator.commune.process import Process, Program
from simulator.commune.programs import find_program, list_devices, rotate_log
from simulator.commune.settings_files import SettingsFiles
from simulator.commune.voice import Voice
from simulator.commune.world import Person
from simulator.mailbox import Mail, Mailbox

CENTRE, GATEWAY, BROKER = "ioc", "edge-agent", "broker"
READY_WITHIN_S = 60.0
_PRIVATE_VARIABLES = {
    # The address of a real camera holds its password, and make repeats it in its flags.
    "CAMERA", "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES",
    "VIDEO", "TLS_CERT", "TLS_KEY",
}  # fmt: skip


class Commune:
    """All processes of one commune in one data folder."""

    def __init__(self, options: Options, voice: Voice, environment: Mapping[str, str]) -> None:
        self._options = options
        self._voice = voice
        self._folder = Folder(root=options.data)
        self._environment = {
            name: value for name, value in environment.items() if name not in _PRIVATE_VARIABLES
        } | {"PYTHONUNBUFFERED": "1"}
        self._processes: dict[str, Process] = {}

    async def run(self) -> None:
        """Run until SIGINT or SIGTERM, then end everything; a second signal ends it at once.

        Raises:
            FolderBusy: the data folder is in use.
            FoundingFailed: the control centre refused to be set up.
            MissingProgram: something is not installed.
            NotReady: a process did not come up.
        """
        with self._folder.locked(), _stop_signals(self._kill) as asked_to_stop:
            self._folder.prepare()
            try:
                async with asyncio.TaskGroup() as tasks:
                    try:
                        await self._start(tasks)
                        await asyncio.Event().wait()
                    finally:
                        await self._stop()
            except asyncio.CancelledError:
                if not asked_to_stop.is_set():
                    raise
                current = asyncio.current_task()
                if current is not None:
                    current.uncancel()
        self._voice.say("Everything has ended; the data is kept.")

    async def _start(self, tasks: asyncio.TaskGroup) -> None:
        ports = choose_ports(
            self._folder.root / "ports.json",
            tcp=documents.tcp_names(self._options),
            udp=documents.udp_names(),
        )
        if ports["web"] != PREFERRED["web"] and not is_free(
            PREFERRED["web"], kind=socket.SOCK_STREAM, host="127.0.0.1"
        ):
            self._voice.say(f"Port {PREFERRED['web']} is in use, taking {ports['web']} instead.")
        files = SettingsFiles(self._folder, ports, self._options)
        files.write_centre()
        founding = Founding(self._folder, ioc=find_program("ioc"), environment=self._environment)
        files.write_others(centre_public_key=await founding.found())

        mailbox = await Mailbox.open(ports["mail"], self._tell_mail)
        tasks.create_task(mailbox.run(), name="mailbox")
        await self._start_broker(tasks, ports["broker"])
        centre = self._launch(tasks, CENTRE, (find_program("ioc"), "serve", *files.centre))
        for device_id, arguments in list_devices(self._folder, ports, self._options).items():
            self._launch(tasks, device_id, arguments)
        await centre.wait_for_port(ports["web"], timeout_s=READY_WITHIN_S)
        # A gateway that starts before its cameras would report them down.
        for camera in documents.simulated_cameras(self._options):
            port = ports[f"{camera.id}.http"]
            await self._processes[camera.id].wait_for_port(port, timeout_s=READY_WITHIN_S)
        # Whoever starts the commune shall be able to see the first alarm come, and whom it called.
        passwords = await founding.add_people()
        await founding.add_contacts()
        await self._enter_roster(files, passwords)
        self._launch(tasks, GATEWAY, (find_program("edge-agent"), "run", *files.gateway))
        self._voice.announce(
            address=files.address,
            data=self._folder.root,
            passwords=passwords,
            expectation=documents.describe_expectation(self._options),
        )

    async def _enter_roster(self, files: SettingsFiles, passwords: Mapping[Person, str]) -> None:
        try:
            await enter_roster(files.near_address, passwords, trusted=files.own_authority)
        except RosterRefused as error:
            self._voice.say(f"{error}. Set it on the page “Lịch trực”.")

    def _tell_mail(self, mail: Mail) -> None:
        self._voice.say(f"Mail for {mail.recipient}: {mail.subject}")

    async def _start_broker(self, tasks: asyncio.TaskGroup, port: int) -> None:
        config = self._folder.root / "mosquitto.conf"
        arguments: list[str | Path] = [find_program("mosquitto"), "-c", config]
        broker = self._launch(tasks, BROKER, arguments)
        access = [self._folder.centre / "broker" / name for name in ("passwords", "acl")]
        tasks.create_task(_reload_on_change(broker, access), name="access files")
        await broker.wait_for_port(port, timeout_s=READY_WITHIN_S)

    def _launch(
        self, tasks: asyncio.TaskGroup, name: str, arguments: Sequence[str | Path]
    ) -> Process:
        log = rotate_log(self._folder.log / f"{name}.log")
        program = Program(name=name, arguments=arguments, log=log, environment=self._environment)
        process = self._processes[name] = Process(program, self._voice.say)
        tasks.create_task(process.run(), name=name)
        return process

    async def _stop(self) -> None:
        """End the centre first: nobody shall be alarmed because we switch off the rest."""
        if self._processes:
            self._voice.say("Ending …")
        devices = self._processes.keys() - {CENTRE, GATEWAY, BROKER}
        for names in ({CENTRE}, {GATEWAY}, devices, {BROKER}):
            async with asyncio.TaskGroup() as endings:
                for name in names & self._processes.keys():
                    endings.create_task(self._processes[name].stop(), name=f"end {name}")

    def _kill(self) -> None:
        for process in self._processes.values():
            process.kill()


async def _reload_on_change(broker: Process, files: Sequence[Path]) -> None:
    """Make the broker read its access files again whenever the centre has written them."""
    seen = [file.stat().st_mtime_ns for file in files]
    while True:
        await asyncio.sleep(1)
        current = [file.stat().st_mtime_ns for file in files]
        if current != seen:
            seen = current
            broker.reload()


@contextmanager
def _stop_signals(kill: Callable[[], None]) -> Iterator[asyncio.Event]:
    """Cancel the current task at the first SIGINT or SIGTERM, and `kill` at the second."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    asked = asyncio.Event()

    def stop() -> None:
        if asked.is_set():
            kill()
        asked.set()
        if task is not None:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield asked
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
