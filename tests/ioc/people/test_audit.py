"""The log of deeds shows when somebody tampered with it."""

import pytest
from sqlalchemy import delete, insert, select, update

from ioc.people import Role, audit
from ioc.people.audit import Deed
from ioc.store.tables import audit_log


@pytest.fixture
async def log(store, clock):
    async with store.begin() as connection:
        for number in range(5):
            clock.advance(1)
            deed = Deed(login="lan", action="broadcast", subject=f"b{number}", detail="Loa 1")
            await audit.write(connection, deed, at=clock.now())
    return store


async def verdict(store):
    async with store.read() as connection:
        return await audit.verify(connection)


async def test_an_untouched_log_holds(log):
    """Five entries, five links."""
    found = await verdict(log)
    assert (found.entries, found.broken_at) == (5, None)


@pytest.mark.parametrize(
    "column", ["login", "action", "subject", "detail", "previous_hash", "hash"]
)
async def test_a_changed_entry_breaks_the_chain_there(log, column):
    """Whatever column somebody edits, the entry itself is named."""
    async with log.begin() as connection:
        await connection.execute(
            update(audit_log).where(audit_log.c.number == 3).values({column: "f" * 64})
        )
    assert (await verdict(log)).broken_at == 3


async def test_a_forged_entry_with_a_fitting_hash_breaks_the_chain_behind_it(log):
    """Whoever knows how the hash is made still cannot change what came before the next entry."""
    async with log.begin() as connection:
        third = select(audit_log).where(audit_log.c.number == 3)
        row = dict((await connection.execute(third)).mappings().one())
        forged = {**row, "login": "ai-do"}
        del forged["hash"]
        values = {"login": "ai-do", "hash": audit._hash_of(forged)}
        await connection.execute(update(audit_log).where(audit_log.c.number == 3).values(values))
    assert (await verdict(log)).broken_at == 4


async def test_a_removed_or_slipped_in_entry_breaks_the_chain(log):
    """Entries cannot be taken out of the middle or put there."""
    async with log.begin() as connection:
        row = (
            (await connection.execute(select(audit_log).where(audit_log.c.number == 2)))
            .mappings()
            .one()
        )
        await connection.execute(delete(audit_log).where(audit_log.c.number == 2))
    assert (await verdict(log)).broken_at == 2
    async with log.begin() as connection:
        await connection.execute(insert(audit_log).values(**{**row, "subject": "other"}))
    assert (await verdict(log)).broken_at == 2


async def test_accounts_and_logins_leave_entries(people, store):
    """Who made an account, who logged in and who was refused can be read afterwards."""
    password = await people.add_user(
        "lan", name="Lan", role=Role.OPERATOR, area_id="xa", by="admin"
    )
    await people.login("lan", "wrong")
    token = (await people.login("lan", password)).token
    await people.logout(token)
    async with store.read() as connection:
        rows = (await connection.execute(select(audit_log).order_by(audit_log.c.number))).all()
    assert [(row.login, row.action) for row in rows] == [
        ("admin", "user_add"),
        ("lan", "login_refused"),
        ("lan", "login"),
        ("lan", "logout"),
    ]
    assert (await verdict(store)).broken_at is None
