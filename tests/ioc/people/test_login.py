"""Logging in, staying in, being kept out."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select

from ioc.people import LoggedIn, LoginRefused, Refusal, Role
from ioc.store.tables import sessions, users


@pytest.fixture
async def password(people) -> str:
    return await people.add_user("Lan ", name="Chị Lan", role=Role.OPERATOR, area_id="xa")


async def test_the_first_password_opens_a_session_with_the_rights_of_role_and_area(
    people, password
):
    """An operator of the commune logs in and may act in all of it."""
    logged_in = await people.login(" LAN", password)
    assert isinstance(logged_in, LoggedIn)
    session = await people.session_of(logged_in.token)
    assert session is not None
    assert session.access.login == "lan"
    assert session.access.area_ids == {"xa", "ban-chuong", "na-lang"}
    assert session.csrf_token == logged_in.session.csrf_token


async def test_neither_token_nor_password_is_stored(people, store, password):
    """Who reads the database can neither log in nor take over a session."""
    logged_in = await people.login("lan", password)
    async with store.read() as connection:
        user = (await connection.execute(select(users))).one()
        session = (await connection.execute(select(sessions))).one()
    assert password not in str(user)
    assert user.password_hash.startswith("$argon2id$")
    assert logged_in.token not in str(session)
    assert logged_in.token not in repr(logged_in)


async def test_a_wrong_login_and_a_wrong_password_look_the_same(people, password):
    """Nobody learns from the answer which logins exist."""
    wrong_password = await people.login("lan", "x")
    wrong_login = await people.login("nobody", "x")
    assert isinstance(wrong_password, LoginRefused)
    assert wrong_password == wrong_login


async def test_an_unknown_login_costs_as_many_disk_writes_as_a_known_one(people, store, password):
    """Else the time an answer takes would tell which logins exist."""

    async def writing_commits(login: str) -> int:
        commits = 0
        original = store.begin

        @asynccontextmanager
        async def counting():
            nonlocal commits
            async with original() as connection:
                changes = (await connection.exec_driver_sql("SELECT total_changes()")).scalar_one()
                yield connection
                after = (await connection.exec_driver_sql("SELECT total_changes()")).scalar_one()
                commits += after > changes

        store.begin = counting
        try:
            await people.login(login, "x")
        finally:
            store.begin = original
        return commits

    assert await writing_commits("lan") == await writing_commits("nobody") == 2


@pytest.mark.parametrize("login", ["lan", "nobody"])
async def test_after_five_failures_a_login_is_closed_for_a_while(people, password, clock, login):
    """Guessing is slowed down, for logins that exist and for those that do not alike."""
    for _ in range(4):
        assert (await people.login(login, "x")).retry_after_s == 0
    assert (await people.login(login, "x")).retry_after_s == pytest.approx(15)
    clock.advance(14)
    assert (await people.login(login, password)).retry_after_s == pytest.approx(1)
    clock.advance(2)
    answer = await people.login(login, password)
    assert isinstance(answer, LoggedIn) is (login == "lan")


async def test_a_success_forgets_the_failures_before_it(people, password):
    """Four slips of the finger in the morning do not count in the evening."""
    for _ in range(2):
        for _ in range(4):
            await people.login("lan", "x")
        assert isinstance(await people.login("lan", password), LoggedIn)


async def test_guesses_sent_at_the_same_time_gain_nothing(people, password):
    """Of twenty parallel guesses five are looked at."""
    async with asyncio.TaskGroup() as tasks:
        guesses = [tasks.create_task(people.login("lan", "x")) for _ in range(20)]
    closed = [guess.result() for guess in guesses if guess.result().retry_after_s > 0]
    assert len(closed) >= 15


async def test_a_session_ends_twelve_hours_after_its_last_use(people, password, clock):
    """A shift stays logged in; a forgotten browser does not."""
    token = (await people.login("lan", password)).token
    for _ in range(4):
        clock.advance(11 * 3600)
        assert await people.session_of(token) is not None
    clock.advance(12 * 3600 + 1)
    assert await people.session_of(token) is None


async def test_logging_out_ends_the_session_at_once(people, password):
    """The cookie left in a browser is worthless."""
    token = (await people.login("lan", password)).token
    await people.logout(token)
    assert await people.session_of(token) is None
    await people.logout(token)


async def test_a_closed_account_loses_its_sessions_and_cannot_log_in(people, password):
    """Who leaves the commune's service is out at once, until the account is opened again."""
    token = (await people.login("lan", password)).token
    await people.set_disabled("lan", disabled=True)
    assert await people.session_of(token) is None
    assert isinstance(await people.login("lan", password), LoginRefused)
    await people.set_disabled("lan", disabled=False)
    assert isinstance(await people.login("lan", password), LoggedIn)


async def test_a_password_reset_ends_sessions_and_the_old_password(people, password):
    """A lost phone is answered by one reset."""
    token = (await people.login("lan", password)).token
    fresh = await people.reset_password("lan", by="admin")
    assert await people.session_of(token) is None
    assert isinstance(await people.login("lan", password), LoginRefused)
    assert isinstance(await people.login("lan", fresh), LoggedIn)


async def test_a_person_changes_their_own_password(people, password):
    """The current one proves who asks; the wanted one must be long enough."""
    with pytest.raises(Refusal, match="password_length"):
        await people.change_password("lan", current=password, wanted="ngắn")
    with pytest.raises(Refusal, match="wrong_password"):
        await people.change_password("lan", current="sai", wanted="mật khẩu dài hơn")
    await people.change_password("lan", current=password, wanted="mật khẩu dài hơn")
    assert isinstance(await people.login("lan", "mật khẩu dài hơn"), LoggedIn)


async def test_an_account_needs_a_free_login_and_an_area_that_exists(people, password):
    """Each refusal says in both languages what is wrong."""
    for login, area_id, code in [
        ("lan", "xa", "login_taken"),
        ("ông a", "xa", "malformed_login"),
        ("hai", "khong-co", "unknown_area"),
    ]:
        with pytest.raises(Refusal, match=code) as refused:
            await people.add_user(login, name="-", role=Role.VIEWER, area_id=area_id)
        assert refused.value.vi
        assert refused.value.en
    with pytest.raises(Refusal, match="not_a_hamlet"):
        await people.add_user("truong", name="-", role=Role.HAMLET_HEAD, area_id="xa")
    with pytest.raises(Refusal, match="unknown_login"):
        await people.reset_password("nobody")
    assert [user.login for user in await people.users()] == ["lan"]


async def test_generated_passwords_differ_and_can_be_read_aloud(people):
    """Five groups of two syllables, never the same twice."""
    made = {
        await people.add_user(f"u{n}", name="-", role=Role.VIEWER, area_id="xa") for n in range(20)
    }
    assert len(made) == 20
    assert all(len(password) == 24 and password.count("-") == 4 for password in made)
