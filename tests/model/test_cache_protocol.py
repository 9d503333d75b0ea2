"""The cache protocol over every interleaving and fault of small histories, and what each mistake in it would break.

Rule: the protocol has no violation in any state; every control has one, of the property named here; and a search that
visited too few states fails, for it proves nothing.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.model import profile_log
from tests.model.controls import cache_aside, head_in_redis
from tests.model.explore import Property, Step, explore
from tests.model.parts import SEND, Process, Reader, World, Writer
from tests.model.profile_log import People, Poll, ProfileRules
from tests.model.protocols import steps
from tests.model.rules import Rules

ALL = 9  # a window that holds every message there is


def _world(writers: list[Writer], readers: list[Reader], *, hostile: bool = False) -> World:
    processes = 1 + max([writer.process for writer in writers] + [reader.process for reader in readers])
    return World(tuple(writers), tuple(readers), (Process(),) * processes, hostile=hostile)


SEND_EDIT, SEND_EDIT_EDIT = (SEND, 1), (SEND, 1, 1)

# What is read where, and at least how many states that makes. Redis is hostile, or has one fault that is told apart.
HISTORIES = {
    "two readers on two processes, written by a third": (
        _world([Writer(2, SEND_EDIT_EDIT)], [Reader(0, ALL, 2), Reader(1, ALL, 2)], hostile=True),
        60_000,
    ),
    "two readers on two processes, one of which writes": (
        _world([Writer(0, SEND_EDIT)], [Reader(0, ALL, 2), Reader(1, ALL, 2)], hostile=True),
        60_000,
    ),
    "two readers on one process": (
        _world([Writer(1, SEND_EDIT_EDIT)], [Reader(0, ALL, 2), Reader(0, ALL, 2)], hostile=True),
        90_000,
    ),
    "two readers on one process, which writes as another does": (
        _world([Writer(0, SEND_EDIT), Writer(1, (1,))], [Reader(0, ALL, 1), Reader(0, ALL, 1)], hostile=True),
        30_000,
    ),
    "pages of different lengths while two writers send": (
        _world([Writer(1, SEND_EDIT), Writer(1, (SEND,))], [Reader(0, ALL, 1), Reader(0, 1, 1)], hostile=True),
        4_000,
    ),
    "one reader, each fault of Redis by itself": (
        _world([Writer(1, SEND_EDIT_EDIT)], [Reader(0, ALL, 2)]),
        40_000,
    ),
    "two readers on two processes, each fault of Redis by itself": (
        _world([Writer(2, SEND_EDIT)], [Reader(0, ALL, 1), Reader(1, ALL, 1)]),
        20_000,
    ),
}


@pytest.mark.parametrize("history", HISTORIES)
def test_no_interleaving_and_no_fault_makes_a_wrong_answer(history: str) -> None:
    world, at_least = HISTORIES[history]
    search = explore(world, lambda state: steps(state, Rules()))
    print(f"{history}: {search.states} states, {search.transitions} steps")  # noqa: T201  # the figures of the ADR
    assert search.violation is None, search.story()
    assert search.states >= at_least


def _without(rules: Rules) -> Callable[[World], Iterator[Step[World]]]:
    return lambda state: steps(state, rules)


ONE_READER = _world([Writer(1, SEND_EDIT)], [Reader(0, ALL, 2)])
TWO_READERS = _world([Writer(1, SEND_EDIT)], [Reader(0, ALL, 2), Reader(0, ALL, 1)])
TWO_SENDS = _world([Writer(1, (SEND, SEND))], [Reader(0, ALL, 1)])

CONTROLS: dict[str, tuple[World, Callable[[World], Iterator[Step[World]]], Property]] = {
    "cache-aside, invalidated after the commit": (ONE_READER, cache_aside, Property.STALE),
    "a head in Redis": (ONE_READER, head_in_redis, Property.STALE),
    "a lease on the head in the process": (ONE_READER, _without(Rules(head_of_this_poll=False)), Property.STALE),
    "the head read after the content": (ONE_READER, _without(Rules(head_before_content=False)), Property.STALE),
    "copies kept that are older than the run's claim": (TWO_READERS, _without(Rules(claim=False)), Property.STALE),
    "what changed between not dropped": (ONE_READER, _without(Rules(drop_changed=False)), Property.STALE),
    "Redis believed by density alone": (ONE_READER, _without(Rules(redis_by_last_change=False)), Property.STALE),
    "Redis believed without counting": (TWO_SENDS, _without(Rules(redis_dense=False)), Property.HOLE),
    "joining a read begun under another head": (TWO_READERS, _without(Rules(flight_of_this_head=False)), Property.STALE),
    "noted before the commit": (ONE_READER, _without(Rules(note_after_commit=False)), Property.PHANTOM),
}


@pytest.mark.parametrize("control", CONTROLS)
def test_every_mistake_is_found(control: str) -> None:
    world, wrong_steps, broken = CONTROLS[control]
    search = explore(world, wrong_steps)
    print(f"{control}: {search.states} states\n{search.story()}")  # noqa: T201  # the shortest counterexample
    assert search.violation is not None
    assert search.violation.broken is broken, search.story()


@pytest.mark.parametrize("control", ["cache-aside, invalidated after the commit", "a head in Redis"])
def test_a_client_is_also_led_backward_before_any_acknowledgement(control: str) -> None:
    _, wrong_steps, _ = CONTROLS[control]
    search = explore(TWO_READERS, wrong_steps, ignoring=frozenset({Property.STALE}))
    assert search.violation is not None
    assert search.violation.broken is Property.BACKWARD, search.story()


BOTH = (1, 2)
PEOPLE = People(polls=(Poll(BOTH, 2), Poll((1,), 1), Poll((1,), 1)), changes=(1, 2))


def test_no_interleaving_makes_a_profile_stale() -> None:
    search = explore(PEOPLE, lambda state: profile_log.steps(state, ProfileRules()))
    print(f"profiles: {search.states} states, {search.transitions} steps")  # noqa: T201  # the figures of the ADR
    assert search.violation is None, search.story()
    assert search.states >= 10_000


@pytest.mark.parametrize(
    "rules",
    [
        ProfileRules(catch_up=False),
        ProfileRules(claim_after_drop=False),
        ProfileRules(raced_reads_not_kept=False),
        ProfileRules(join_the_next=False),
    ],
    ids=["nothing dropped", "claimed before the drop", "a raced read kept", "a read in flight joined"],
)
def test_every_mistake_with_profiles_is_found(rules: ProfileRules) -> None:
    search = explore(PEOPLE, lambda state: profile_log.steps(state, rules))
    print(search.story())  # noqa: T201  # the shortest counterexample
    assert search.violation is not None
    assert search.violation.broken is Property.STALE, search.story()
