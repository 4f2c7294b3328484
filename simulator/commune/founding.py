"""What happens once in a commune's life: keys, people, the gateway; done by the product's CLI."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.commune import world
from simulator.commune.folder import Folder, write_private
from simulator.commune.world import Person


class FoundingFailed(Exception):
    """A command of the control centre failed; the text is what it said."""


class Founding:
    """Remembers in `commune.json` which steps are done, so that an interrupted start goes on."""

    def __init__(self, folder: Folder, *, ioc: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._ioc = ioc
        self._environment = environment
        self._memory = folder.root / "commune.json"
        self._done: dict[str, Any] = {}
        if self._memory.exists():
            self._done = json.loads(self._memory.read_text(encoding="utf-8"))

    async def found(self) -> str:
        """Make keys, database, broker files and the gateway, if need be; return the public key.

        Raises:
            FoundingFailed: the control centre refused a step.
        """
        for camera in world.CAMERAS:
            self._folder.find_or_make_secret(camera.id)
        access_files = self._folder.centre / "broker"
        if "centre_public_key" not in self._done or not access_files.exists():
            await self._command("init")
        if "centre_public_key" not in self._done:
            await self._add_gateway()
        return str(self._done["centre_public_key"])

    async def add_people(self) -> dict[Person, str]:
        """Make the accounts that are missing; return their passwords, which nobody else knows.

        Raises:
            FoundingFailed: the control centre refused one.
        """
        return {
            person: await self._add_person(person)
            for person in world.PEOPLE
            if person.login not in self._done.get("people", [])
        }

    async def add_contacts(self) -> None:
        """Enter everybody's mail address, so that alarms reach somebody.

        Raises:
            FoundingFailed: the control centre refused one.
        """
        for person in world.PEOPLE:
            if person.login not in self._done.get("contacts", []):
                await self._command("user", "contact", person.login, "email", person.email)
                self._remember(contacts=[*self._done.get("contacts", []), person.login])

    async def _add_gateway(self) -> None:
        answer = await self._command(
            "gateway", "add", world.GATEWAY, "--site", world.SITE,
            "--area", world.AREAS[0].id, "--name", world.GATEWAY_NAME, "--json",
        )  # fmt: skip
        issued = json.loads(answer)
        self._folder.write_secret("gateway-broker", issued["mqtt_password"])
        self._folder.write_secret("gateway-token", issued["token"])
        self._remember(centre_public_key=issued["centre_public_key"])

    async def _add_person(self, person: Person) -> str:
        answer = await self._command(
            "user", "add", person.login, "--role", person.role,
            "--name", person.name, "--area", person.area, "--json",
        )  # fmt: skip
        self._remember(people=[*self._done.get("people", []), person.login])
        return str(json.loads(answer)["password"])

    async def _command(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            self._ioc,
            *arguments,
            "--config",
            self._folder.root / "centre.yaml",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(self._environment),
        )
        output, complaints = await process.communicate()
        if process.returncode != 0:
            raise FoundingFailed(
                f"`ioc {' '.join(arguments)}` failed:\n{complaints.decode(errors='replace')}"
            )
        return output.decode()

    def _remember(self, **facts: object) -> None:
        self._done |= facts
        write_private(self._memory, json.dumps(self._done, ensure_ascii=False, indent=2) + "\n")
