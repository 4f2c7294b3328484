"""One ingest transaction: what it has read of gateways and devices, and whom it must acknowledge."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.topics import Address
from ioc.alarms.engine.policy import UNDELAYED_POLICIES, Policies
from ioc.gateways import register
from ioc.gateways.register import Gateway
from ioc.rules.running import RunningRules
from ioc.store import journal, quarantine
from ioc.store.tables import devices

Device = Mapping[str, Any]
"""Columns of a device by name, as this transaction has left them."""
DeviceKey = tuple[str, str]
"""Gateway id and device id."""

_DEVICE_KEY = tuple_(devices.c.gateway_id, devices.c.device_id)
_CHANGE_DEVICE = (
    update(devices)
    .where(devices.c.gateway_id == bindparam("of_gateway"))
    .where(devices.c.device_id == bindparam("of_device"))
)
_KEYS_AT_ONCE = 200  # databases limit how many values one statement may carry


class Transaction:
    """A connection inside `Store.begin`, with the rows that every message needs read only once."""

    def __init__(
        self,
        connection: AsyncConnection,
        *,
        at: datetime,
        policies: Policies = UNDELAYED_POLICIES,
        rules: RunningRules | None = None,
    ) -> None:
        self.connection = connection
        self.at = at
        """Now, by the centre's clock."""
        self.policies = policies
        """What the installation has decided about its alarms."""
        self.rules = rules or RunningRules(policies)
        """The commune's own rules in force; by default none."""
        self.to_acknowledge: dict[tuple[Address, str], bool] = {}
        """Gateway and epoch, in the order of arrival; true: the epoch has forked."""
        self._gateways: dict[str, Gateway | None] = {}
        self._devices: dict[DeviceKey, Device | None] = {}

    async def look_up(self, addresses: Iterable[Address]) -> None:
        """Read gateways in one statement that will be asked for one by one."""
        wanted = {str(address.gateway_id) for address in addresses} - self._gateways.keys()
        if wanted:
            found = await register.find_some(self.connection, wanted)
            self._gateways |= {gateway_id: found.get(gateway_id) for gateway_id in wanted}

    async def look_up_devices(self, keys: Iterable[DeviceKey]) -> None:
        """Read devices in a few statements that will be asked for one by one."""
        wanted = list(set(keys) - self._devices.keys())
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            some = wanted[start : start + _KEYS_AT_ONCE]
            query = select(devices).where(_DEVICE_KEY.in_(some))
            rows = (await self.connection.execute(query)).mappings()
            found = {(row["gateway_id"], row["device_id"]): dict(row) for row in rows}
            self._devices |= {key: found.get(key) for key in some}

    async def gateway(self, address: Address) -> Gateway | None:
        """Return the gateway at an address; None: nobody has added it."""
        gateway_id = str(address.gateway_id)
        if gateway_id not in self._gateways:
            await self.look_up([address])
        known = self._gateways[gateway_id]
        return known if known is not None and known.site_id == address.site_id else None

    async def change_gateway(self, gateway: Gateway, **changes: Any) -> Gateway:  # noqa: ANN401
        """Change columns of a gateway; return it as it is then."""
        await register.change(self.connection, gateway.gateway_id, changes)
        changed = replace(gateway, **changes)
        self._gateways[gateway.gateway_id] = changed
        return changed

    async def note_heard(self, heard: Sequence[Gateway]) -> None:
        """Note in one statement that gateways have said something now."""
        ids = [gateway.gateway_id for gateway in heard]
        await register.note_heard(self.connection, ids, at=self.at)
        for gateway in heard:
            self._gateways[gateway.gateway_id] = replace(gateway, last_heard_at=self.at)

    async def device(self, gateway_id: str, device_id: str) -> Device | None:
        """Return a device of a gateway's inventory."""
        key = (gateway_id, device_id)
        if key not in self._devices:
            await self.look_up_devices([key])
        return self._devices[key]

    async def change_device(self, device: Device, **changes: Any) -> None:  # noqa: ANN401
        """Change columns of a device, and tell those who watch it."""
        gateway_id, device_id = device["gateway_id"], device["device_id"]
        key = {"of_gateway": gateway_id, "of_device": device_id}
        await self.connection.execute(_CHANGE_DEVICE, {**changes, **key})
        self._devices[gateway_id, device_id] = {**device, **changes}
        journal.note(
            self.connection,
            subject="device",
            subject_id=f"{gateway_id}/{device_id}",
            area_id=device["area_id"],
            at=self.at,
        )

    def forget_devices(self, gateway_id: str) -> None:
        """Read a gateway's devices again when they are next needed."""
        for key in [key for key in self._devices if key[0] == gateway_id]:
            del self._devices[key]

    def acknowledge(self, address: Address, epoch: str, *, forked: bool = False) -> None:
        """Have everything committed of this epoch acknowledged after the commit."""
        known = self.to_acknowledge.pop((address, epoch), False)
        self.to_acknowledge[address, epoch] = known or forked

    async def quarantine(self, rows: list[dict[str, Any]]) -> None:
        """Keep bytes that could not be taken, with the reason, for whoever mends their sender."""
        await quarantine.keep(self.connection, rows, at=self.at)
