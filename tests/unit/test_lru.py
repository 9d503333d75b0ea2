"""The bounded memory, against a list with the same rule and against an exact order of use; and what was seen before."""

import random
from itertools import accumulate

import pytest
from cachetools import LRUCache
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.lru import CHANCES, Lru, SecondSight

LIMIT = 10
KEYS = st.integers(0, 7)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("get"), KEYS),
        st.tuples(st.just("put"), KEYS, st.integers(0, 100), st.integers(1, LIMIT + 2)),
        st.tuples(st.just("forget"), KEYS),
        st.tuples(st.just("clear")),
    ),
    max_size=60,
)


class Listed:
    """The oracle: (key, value, weight) in the order in which they are looked at, and which of them were used since."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int, int]] = []
        self.used: set[int] = set()

    def get(self, key: int) -> int | None:
        found = [value for one, value, _ in self.entries if one == key]
        self.used.add(key)
        return found[0] if found else None

    def put(self, key: int, value: int, weight: int) -> None:
        self.forget(key)
        if weight <= LIMIT:
            self.entries.append((key, value, weight))
            self.used.add(key)
        while sum(weight for _, _, weight in self.entries) > LIMIT:
            while self.entries[0][0] in self.used:
                self.used.remove(self.entries[0][0])
                self.entries.append(self.entries.pop(0))
            self.entries.pop(0)

    def forget(self, key: int) -> None:
        self.entries = [entry for entry in self.entries if entry[0] != key]

    def clear(self) -> None:
        self.entries = []


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_it_remembers_what_a_list_would(steps: list[tuple[str, *tuple[int, ...]]]) -> None:
    memory, listed = Lru[int, int](LIMIT), Listed()
    for name, *given_ in steps:
        assert getattr(memory, name)(*given_) == getattr(listed, name)(*given_)
        assert len(memory) == len(listed.entries)
        assert memory.weight == sum(weight for _, _, weight in listed.entries) <= LIMIT
    assert [memory.get(key) for key in range(8)] == [listed.get(key) for key in range(8)]


def test_what_was_used_since_it_was_looked_at_has_a_second_chance() -> None:
    memory = Lru[str, int](3)
    for number, key in enumerate("abcd"):
        memory.put(key, number)
    assert memory.get("b") == 1
    memory.put("e", 4)
    assert [memory.get(key) for key in "abcde"] == [None, 1, None, 3, 4]


def test_it_is_as_good_as_an_exact_order_of_use() -> None:
    draw, keys = random.Random(1), range(10_000)
    asked = draw.choices(keys, cum_weights=list(accumulate(1 / (1 + key) for key in keys)), k=50_000)
    memory, exact, hits, exact_hits = Lru[int, int](1_000), LRUCache[int, int](1_000), 0, 0
    for key in asked:
        hits += memory.get(key) is not None
        exact_hits += key in exact
        if memory.get(key) is None:
            memory.put(key, key)
        exact[key] = exact.get(key, key)
    assert exact_hits > 0.5 * len(asked)
    assert hits > 0.98 * exact_hits


def test_where_everything_is_in_use_few_entries_are_looked_at() -> None:
    memory = Lru[int, int](10 * CHANCES)
    for key in range(10 * CHANCES + 1):
        memory.put(key, key)
    assert [key for key, _ in memory.items()] == [*range(CHANCES + 1, 10 * CHANCES + 1), *range(CHANCES)]


def test_a_value_put_over_another_weighs_what_it_weighs() -> None:
    memory = Lru[str, str](10)
    memory.put("a", "heavy", 9)
    memory.put("a", "light", 2)
    memory.put("b", "other", 8)
    assert (memory.get("a"), memory.get("b"), memory.weight) == ("light", "other", 10)


def test_what_is_heavier_than_all_there_is_room_for_displaces_only_its_own_older_value() -> None:
    memory = Lru[str, str](10)
    memory.put("a", "kept", 5)
    memory.put("b", "old", 5)
    memory.put("b", "too heavy", 11)
    assert (memory.get("a"), memory.get("b"), memory.weight, len(memory)) == ("kept", None, 5, 1)


def test_the_second_sight_is_the_second() -> None:
    seen = SecondSight(10)
    assert [seen.seen_before(key) for key in ("a", "b", "a", "b", "a")] == [False, False, True, True, True]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.lists(st.integers() | st.binary() | st.tuples(st.text(), st.integers())))
def test_what_was_seen_just_now_was_seen_before_and_what_never_was_was_not(places: int, keys: list[object]) -> None:
    seen = SecondSight(places)
    for number, key in enumerate(dict.fromkeys(keys)):
        assert not seen.seen_before((number, key))
        assert seen.seen_before((number, key))


@pytest.mark.parametrize(("others", "share"), [(0, 1.0), (2_500, 0.78), (10_000, 0.37), (60_000, 0.0)])
def test_of_what_was_seen_as_many_others_ago_as_there_are_places_a_third_is_known(others: int, share: float) -> None:
    seen, asked = SecondSight(10_000), 500
    assert not any(seen.seen_before(number) for number in range(asked + others))
    assert sum(seen.seen_before(number) for number in range(asked)) / asked == pytest.approx(share, abs=0.1)
