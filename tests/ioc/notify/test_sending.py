"""The queue of notifications: nothing is lost, nothing goes out twice unless nobody can know."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.clock import SystemClock
from ioc.notify.calling.verdicts import Note, Verdict, decide
from ioc.notify.reach.wishes import Wishes, parse_hours
from ioc.notify.sending.rows import LONGEST_RETRY_S, retry_delay_s
from ioc.notify.settings import Notify, Telegram, Webhook
from ioc.people import Refusal
from tests.fakes.notice_service import NoticeService, Reply, open_service, reply
from tests.fakes.programs import running
from tests.ioc.notify.hamlet import open_hamlet
from tests.ioc.notify.parcels import AT, secret

BOT_OK = reply(200, {"ok": True, "result": {"message_id": 1}})
ROOT = Path(__file__).resolve().parents[3]


async def request_arrived(service: NoticeService) -> None:
    async with asyncio.timeout(15):
        while not service.requests:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(("channel", "maybe_twice"), [("telegram", True), ("webhook", False)])
async def test_a_kill_in_mid_delivery_loses_nothing(tmp_path, clock, channel, maybe_twice):
    """The service has the request and the centre dies: it is sent again under the same key.

    A webhook's receiver drops the repeat by its id; Telegram cannot, and the row says so.
    """
    clock.set_wall_clock(SystemClock().now() - timedelta(seconds=5))
    key = secret(tmp_path, "key", "1:A")
    async with open_service(Reply(hangs=True), BOT_OK) as service:
        settings = Notify(
            private_hosts=("127.0.0.1",),
            telegram=Telegram(token_file=key, api_url=service.url) if maybe_twice else None,
            webhooks=()
            if maybe_twice
            else (Webhook(name="tinh", url=service.url, secret_file=key),),
        )
        async with open_hamlet(tmp_path, clock, settings) as hamlet:
            await hamlet.add_contact("lan", "telegram", "11")
            alarm_id = await hamlet.raise_alarm()
            await hamlet.notifier.caller.run_once()
            command = [
                sys.executable,
                "-m",
                "tests.ioc.notify.sender_child",
                str(tmp_path / "data"),
                settings.model_dump_json(by_alias=True),
                channel,
            ]
            with running(command, cwd=ROOT) as child:
                await request_arrived(service)
                child.kill()
                child.wait()
            (note,) = [each for each in await hamlet.notes() if each.channel == channel]
            assert note.state == "in_flight"
            lane = hamlet.notifier.lanes[channel]
            clock.set_wall_clock(SystemClock().now() + timedelta(seconds=5))
            await lane.recover()
            while await lane.run_once():
                pass
            (note,) = [each for each in await hamlet.notes() if each.channel == channel]
            assert (note.state, note.attempts, note.maybe_twice) == ("delivered", 2, maybe_twice)
            assert await hamlet.attempts() == ["unknown", "delivered"]
            assert alarm_id == note.alarm_id
        assert len(service.requests) == 2
        if channel == "webhook":
            ids = {request.headers["webhook-id"] for request in service.requests}
            assert len(ids) == 1


async def test_what_was_delivered_is_never_sent_again(tmp_path, clock):
    """However often the lanes begin anew."""
    key = secret(tmp_path, "key", "1:A")
    async with open_service(BOT_OK) as service:
        settings = Notify(
            private_hosts=("127.0.0.1",), telegram=Telegram(token_file=key, api_url=service.url)
        )
        async with open_hamlet(tmp_path, clock, settings) as hamlet:
            await hamlet.add_contact("lan", "telegram", "11")
            await hamlet.raise_alarm()
            await hamlet.turn()
            for _ in range(3):
                await hamlet.notifier.lanes["telegram"].recover()
                await hamlet.pass_time(100, step_s=50)
        assert len(service.requests) == 1


async def test_a_service_that_hangs_holds_up_no_other_channel(tmp_path, clock):
    """Each channel has its own lane."""
    key = secret(tmp_path, "key", "1:A")
    async with open_service(Reply(hangs=True)) as stuck, open_service() as open_door:
        settings = Notify(
            private_hosts=("127.0.0.1",),
            telegram=Telegram(token_file=key, api_url=stuck.url),
            webhooks=(Webhook(name="tinh", url=open_door.url, secret_file=key),),
        )
        async with open_hamlet(tmp_path, clock, settings) as hamlet:
            await hamlet.add_contact("lan", "telegram", "11")
            await hamlet.raise_alarm()
            await hamlet.notifier.caller.run_once()
            async with asyncio.TaskGroup() as group:
                held = group.create_task(hamlet.notifier.lanes["telegram"].run_once())
                await request_arrived(stuck)
                await hamlet.notifier.lanes["webhook"].run_once()
                assert len(open_door.requests) == 1
                assert not held.done()
                held.cancel()


@given(st.text(), st.integers(1, 10_000))
def test_retries_come_later_and_later_but_never_stop(key, attempts):
    """At most ten minutes apart, spread by a quarter."""
    wait_s = retry_delay_s(key, attempts)
    assert 0 < wait_s <= LONGEST_RETRY_S
    assert wait_s >= 0.75 * min(LONGEST_RETRY_S, 5 * 3.0 ** min(attempts - 1, 10))


STATES = st.sampled_from(
    ["waiting", "held", "in_flight", "delivered", "failed", "expired", "superseded", "bundled"]
)
NOTES = st.lists(st.builds(Note, state=STATES, attempts=st.integers(0, 9)), max_size=5)


@given(NOTES, st.booleans(), st.booleans(), st.one_of(st.none(), st.integers(-60, 60)))
def test_an_unanswered_call_always_goes_on(notes, awaiting, has_further_contact, due_in_s):
    """Reached, answered, passed on, or something is still under way: it never just ends."""
    passes_on_at = None if due_in_s is None else AT + timedelta(seconds=due_in_s)
    verdict = decide(
        notes,
        awaiting=awaiting,
        passes_on_at=passes_on_at,
        has_further_contact=has_further_contact,
        now=AT,
    )
    states = {note.state for note in notes}
    if verdict is Verdict.WAIT:
        assert states & {"waiting", "held", "in_flight"}
        assert passes_on_at is None or passes_on_at > AT
    if verdict is Verdict.REACHED:
        assert states & {"delivered", "bundled"}
    if verdict is Verdict.SUPERSEDED:
        assert not awaiting
    if awaiting and not states & {"delivered", "bundled"} and due_in_s is not None:
        assert due_in_s > 0 or verdict is Verdict.TO_NEXT_PERSON


@given(
    st.lists(
        st.tuples(st.integers(0, 1_439), st.integers(0, 1_439)).filter(
            lambda span: span[0] != span[1]
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 100_000),
)
def test_the_next_hour_lies_within_the_wanted_hours(spans, minute):
    """Never before now, never more than a day away; an emergency at once."""
    written = tuple(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in spans)
    wishes = Wishes(hours=parse_hours(written))
    now = AT + timedelta(minutes=minute)
    due = wishes.earliest("high", now=now, zone=AT.tzinfo)
    assert now <= due <= now + timedelta(days=1)
    of_day = due.hour * 60 + due.minute
    assert any(a <= of_day < b if a < b else of_day >= a or of_day < b for a, b in spans)
    assert wishes.earliest("critical", now=now, zone=AT.tzinfo) == now


@pytest.mark.parametrize("hours", ["25:00-26:00", "6-22", "06:00-06:00", "06:00–"])
def test_hours_that_are_none_are_refused(hours):
    """With a sentence and an example."""
    with pytest.raises(Refusal, match="06:00-22:00"):
        parse_hours((hours,))
