"""A task that was told to end ends, whatever Python forgets."""

import asyncio

import pytest

from edge_agent import cancellation


async def test_a_cancellation_that_wait_for_drops_is_kept():
    """It arrived in the instant in which what was waited for was done."""
    answer = asyncio.get_running_loop().create_future()
    went_on = False

    async def wait() -> None:
        nonlocal went_on
        with cancellation.kept():
            await asyncio.wait_for(answer, 5)
        went_on = True

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(wait())
        await asyncio.sleep(0)
        answer.set_result(None)
        await asyncio.sleep(0)
        task.cancel()
    assert task.cancelled()
    assert not went_on


async def test_what_a_task_group_left_behind_is_no_cancellation():
    """A child's failure raises the count of its parent in Python 3.11; nobody asked it to end."""

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError

    with pytest.raises(ExceptionGroup):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())
    with cancellation.kept():
        await asyncio.sleep(0)
