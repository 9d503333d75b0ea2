"""Shared reads: every answer of Flights comes from a read that began after it was asked for; SingleFlight joins by key."""

import asyncio
import gc
from collections.abc import Mapping
from typing import Any

import pytest

from cache.flights import Flights, SingleFlight


class Airport:
    """Reads that land when the test says so; `departures` gives the keys of each and the future it waits for."""

    def __init__(self) -> None:
        self.departures: asyncio.Queue[tuple[list[str], asyncio.Future[Mapping[str, int]]]] = asyncio.Queue()

    async def read(self, keys: list[str]) -> Mapping[str, int]:
        landing: asyncio.Future[Mapping[str, int]] = asyncio.get_running_loop().create_future()
        self.departures.put_nowait((keys, landing))
        return await landing

    async def read_one(self, key: str) -> int:
        return (await self.read([key]))[key]


@pytest.fixture
def airport() -> Airport:
    return Airport()


@pytest.fixture
def flights(airport: Airport) -> Flights[str, int]:
    return Flights(airport.read)


@pytest.fixture
def single(airport: Airport) -> SingleFlight[str, int]:
    return SingleFlight(airport.read_one)


async def test_a_key_asked_for_during_a_flight_joins_the_next_one(airport: Airport, flights: Flights[str, int]) -> None:
    early = asyncio.ensure_future(flights.get("a"))
    _, first_landing = await airport.departures.get()
    late = asyncio.ensure_future(flights.get("a"))

    first_landing.set_result({"a": 1})
    assert await early == 1
    keys, second_landing = await airport.departures.get()
    assert not late.done()
    second_landing.set_result({"a": 2})

    assert (keys, await late) == (["a"], 2)


async def test_many_riders_share_one_read(airport: Airport, flights: Flights[str, int]) -> None:
    riders = [asyncio.ensure_future(flights.get(key)) for key in "abacab"]
    keys, landing = await airport.departures.get()
    landing.set_result({"a": 1, "b": 2, "c": 3})
    assert await asyncio.gather(*riders) == [1, 2, 1, 3, 1, 2]
    assert keys == ["a", "b", "c"]
    assert (flights.flights, flights.riders) == (1, 3)


async def test_only_one_flight_is_in_the_air(airport: Airport, flights: Flights[str, int]) -> None:
    first = asyncio.ensure_future(flights.get("a"))
    _, first_landing = await airport.departures.get()
    waiting = [asyncio.ensure_future(flights.get(key)) for key in "bcd"]
    for _ in range(3):
        await asyncio.sleep(0)  # they board, and could take off
    assert airport.departures.empty()
    first_landing.set_result({})
    await first
    keys, landing = await airport.departures.get()
    landing.set_result({"b": 1, "c": 2, "d": 3})
    assert await asyncio.gather(*waiting) == [1, 2, 3]
    assert (keys, flights.flights) == (["b", "c", "d"], 2)


async def test_a_key_that_the_read_did_not_find_is_none(airport: Airport, flights: Flights[str, int]) -> None:
    riders = [asyncio.ensure_future(flights.get(key)) for key in "ab"]
    _, landing = await airport.departures.get()
    landing.set_result({"a": 0})
    assert await asyncio.gather(*riders) == [0, None]


async def test_a_failed_read_reaches_every_rider_and_the_next_flight_flies(airport: Airport, flights: Flights[str, int]) -> None:
    riders = [asyncio.ensure_future(flights.get(key)) for key in "aab"]
    _, landing = await airport.departures.get()
    late = asyncio.ensure_future(flights.get("a"))
    landing.set_exception(OSError("gone"))
    assert [type(error) for error in await asyncio.gather(*riders, return_exceptions=True)] == [OSError] * 3
    _, landing = await airport.departures.get()
    landing.set_result({"a": 4})
    assert await late == 4


async def test_flights_go_on_after_the_last_one_landed(airport: Airport, flights: Flights[str, int]) -> None:
    for value in (1, 2, 3):
        rider = asyncio.ensure_future(flights.get("a"))
        _, landing = await airport.departures.get()
        landing.set_result({"a": value})
        assert await rider == value


async def test_after_a_read_has_ended_there_is_a_pause_in_which_all_who_come_board() -> None:
    loop = asyncio.get_running_loop()
    began: list[tuple[float, list[str]]] = []
    ended: list[float] = []

    async def read(keys: list[str]) -> Mapping[str, int]:
        began.append((loop.time(), keys))
        await asyncio.sleep(0.03)
        ended.append(loop.time())
        return dict.fromkeys(keys, 1)

    flights = Flights(read, gap_s=0.02)
    before_s = loop.time()
    await flights.get("a")
    assert ended[0] - before_s < 0.05  # the first begins at once, or the two pauses below would say nothing
    early = flights.get("b")
    await asyncio.sleep(0.005)
    await asyncio.gather(early, flights.get("c"))
    assert [keys for _, keys in began] == [["a"], ["b", "c"]]
    assert began[1][0] - ended[0] >= 0.015


async def test_a_rider_who_goes_away_leaves_the_others_their_seat(airport: Airport, flights: Flights[str, int]) -> None:
    staying, leaving = (asyncio.ensure_future(flights.get("a")) for _ in range(2))
    _, landing = await airport.departures.get()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    landing.set_result({"a": 1})
    assert await staying == 1


@pytest.mark.parametrize("kind", ["flights", "single"])
async def test_a_failure_nobody_waits_for_is_no_warning(
    airport: Airport, flights: Flights[str, int], single: SingleFlight[str, int], kind: str
) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    leaving = asyncio.ensure_future(flights.get("a") if kind == "flights" else single.get("a"))
    _, landing = await airport.departures.get()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving

    landing.set_exception(OSError("gone"))
    following = asyncio.ensure_future(flights.get("b") if kind == "flights" else single.get("b"))
    _, landing = await airport.departures.get()
    landing.set_result({"b": 1})
    await following
    del landing, leaving
    gc.collect()

    assert complaints == []


async def test_the_same_key_joins_the_read_in_flight(airport: Airport, single: SingleFlight[str, int]) -> None:
    early = asyncio.create_task(single.get("a"))
    _, landing = await airport.departures.get()
    late = asyncio.create_task(single.get("a"))
    landing.set_result({"a": 1})
    assert [await early, await late] == [1, 1]
    assert airport.departures.empty()


async def test_different_keys_fly_apart(airport: Airport, single: SingleFlight[str, int]) -> None:
    slow, quick = (asyncio.create_task(single.get(key)) for key in "ab")
    _, slow_landing = await airport.departures.get()
    _, quick_landing = await airport.departures.get()
    quick_landing.set_result({"b": 2})
    assert await quick == 2
    assert not slow.done()
    slow_landing.set_result({"a": 1})
    assert await slow == 1


async def test_a_landed_key_is_read_anew(airport: Airport, single: SingleFlight[str, int]) -> None:
    for value in (1, 2):
        rider = asyncio.create_task(single.get("a"))
        _, landing = await airport.departures.get()
        landing.set_result({"a": value})
        assert await rider == value


async def test_a_failed_read_reaches_all_who_joined_and_is_forgotten(airport: Airport, single: SingleFlight[str, int]) -> None:
    riders = [asyncio.create_task(single.get("a")) for _ in range(3)]
    _, landing = await airport.departures.get()
    landing.set_exception(OSError("gone"))
    assert [type(error) for error in await asyncio.gather(*riders, return_exceptions=True)] == [OSError] * 3
    again = asyncio.create_task(single.get("a"))
    _, landing = await airport.departures.get()
    landing.set_result({"a": 1})
    assert await again == 1


async def test_the_first_reader_may_go_away_without_those_who_joined(airport: Airport, single: SingleFlight[str, int]) -> None:
    first, joined = (asyncio.create_task(single.get("a")) for _ in range(2))
    _, landing = await airport.departures.get()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    landing.set_result({"a": 1})
    assert await joined == 1


@pytest.mark.parametrize("failure", ["cancelled", "nonsense"])
async def test_whatever_happens_to_a_read_its_riders_are_told_and_the_next_flight_goes(failure: str) -> None:
    failures = [failure]

    async def read(keys: list[str]) -> Mapping[str, int]:
        if failures and failures.pop() == "cancelled":
            raise asyncio.CancelledError
        return dict.fromkeys(keys, 1) if not failures and keys == ["b"] else None  # type: ignore[return-value]  # the nonsense

    flights = Flights(read)
    with pytest.raises((RuntimeError, AttributeError)):
        await flights.get("a")
    assert await flights.get("b") == 1
