"""The read watch: told of what nobody declared, in the task that watches and in those it starts, and in no other."""

import asyncio
from contextvars import copy_context

import pytest

from cache.flights import Flights, SingleFlight
from models.read_watch import declared, note, watch


@pytest.fixture
def told() -> list[object]:
    return []


async def test_nobody_is_told_where_nobody_watches() -> None:
    note("a read")


async def test_a_read_is_told_unless_it_is_declared(told: list[object]) -> None:
    watch(told.append)
    note(1)
    with declared():
        note(2)
        with declared():
            note(3)
        note(4)
    note(5)
    assert told == [1, 5]


async def test_a_declaration_ends_with_an_error_too(told: list[object]) -> None:
    watch(told.append)
    with pytest.raises(KeyError), declared():
        raise KeyError
    note(1)
    assert told == [1]


async def test_tasks_inherit_the_watch_and_the_declaration_they_were_started_under(told: list[object]) -> None:
    async def read(what: object) -> None:
        await asyncio.sleep(0)
        note(what)

    watch(told.append)
    with declared():
        covered = asyncio.create_task(read("covered"))
    await asyncio.gather(read("undeclared"), covered)
    assert told == ["undeclared"]


async def test_two_requests_have_a_watch_each() -> None:
    async def request(name: str) -> list[object]:
        mine: list[object] = []
        watch(mine.append)
        for number in range(3):
            await asyncio.sleep(0)
            note((name, number))
        return mine

    first, second = await asyncio.gather(asyncio.create_task(request("a")), asyncio.create_task(request("b")))
    assert first == [("a", number) for number in range(3)]
    assert second == [("b", number) for number in range(3)]


async def test_a_shared_read_is_told_to_who_asks_and_what_it_reads_to_nobody(told: list[object]) -> None:
    """Whoever rides along answers for the read; the pilot reads for everybody."""

    async def read(keys: list[str]) -> dict[str, int]:
        note("SELECT")
        return dict.fromkeys(keys, 1)

    async def read_one(_: str) -> int:
        note("SELECT one")
        return 1

    flights: Flights[str, int] = Flights(read)
    single: SingleFlight[str, int] = SingleFlight(read_one)
    watch(told.append)
    assert (await flights.get("key"), await single.get("other")) == (1, 1)
    assert told == ["key", "other"]
    with declared():
        await flights.get("key")
        await single.get("other")
    assert told == ["key", "other"]


async def test_who_is_thrown_away_within_a_declaration_leaves_the_others_watched(told: list[object]) -> None:
    async def reads() -> None:
        with declared():
            await asyncio.Future()

    abandoned = reads()
    copy_context().run(abandoned.send, None)
    watch(told.append)
    abandoned.close()
    note(1)
    assert told == [1]
