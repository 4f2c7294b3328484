"""The duty roster of the first day, entered as a leader would: over the centre's own interface."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import httpx

from simulator.commune import world
from simulator.commune.world import Person

_EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WITHIN_S = 30.0


class RosterRefused(Exception):
    """The centre did not take the roster; the text says why."""


async def enter_roster(
    address: str, passwords: Mapping[Person, str], *, trusted: Path | None
) -> None:
    """Enter `world.SHIFTS`, where this start has made the leader's account.

    Later starts do not know the password, and the roster is the commune's own by then.

    Args:
        address: of the centre, for programs on this machine.
        passwords: of the accounts that this start has made.
        trusted: a certificate to trust (PEM); None: those that the machine trusts.

    Raises:
        RosterRefused: the centre did not answer, or refused.
    """
    leader = next((person for person in passwords if person.role == "leader"), None)
    if leader is None:
        return
    verify = ssl.create_default_context(cafile=trusted)
    try:
        async with httpx.AsyncClient(base_url=address, verify=verify, timeout=_WITHIN_S) as http:
            form = {"login": leader.login, "password": passwords[leader]}
            await http.post("/dang-nhap", data=form)
            token = (await http.get("/api/me")).raise_for_status().json()["csrf_token"]
            for shift in world.SHIFTS:
                entered = {"area_id": world.AREAS[0].id, "days": _EVERY_DAY, **vars(shift)}
                headers = {"x-csrf-token": token}
                answer = await http.post("/api/roster/shifts", json=entered, headers=headers)
                answer.raise_for_status()
    except httpx.HTTPError as error:
        raise RosterRefused(f"The first roster could not be entered: {error}") from error
