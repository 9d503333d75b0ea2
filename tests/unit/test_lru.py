"""The bounded memory, against a simple one that keeps a list in the order of use; and what was seen before."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.lru import Lru, SecondSight

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
    """The oracle: (key, value, weight), the least recently used first."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int, int]] = []

    def get(self, key: int) -> int | None:
        found = [entry for entry in self.entries if entry[0] == key]
        self.forget(key)
        self.entries += found
        return found[0][1] if found else None

    def put(self, key: int, value: int, weight: int) -> None:
        self.forget(key)
        if weight <= LIMIT:
            self.entries.append((key, value, weight))
        while sum(weight for _, _, weight in self.entries) > LIMIT:
            self.entries.pop(0)

    def forget(self, key: int) -> None:
        self.entries = [entry for entry in self.entries if entry[0] != key]

    def clear(self) -> None:
        self.entries = []


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_it_remembers_what_a_list_in_the_order_of_use_would(steps: list[tuple[str, *tuple[int, ...]]]) -> None:
    memory, listed = Lru[int, int](LIMIT), Listed()
    for name, *given_ in steps:
        assert getattr(memory, name)(*given_) == getattr(listed, name)(*given_)
        assert len(memory) == len(listed.entries)
        assert memory.weight == sum(weight for _, _, weight in listed.entries) <= LIMIT
    assert [memory.get(key) for key in range(8)] == [listed.get(key) for key in range(8)]


def test_what_was_used_last_is_forgotten_last() -> None:
    memory = Lru[str, int](3)
    for number, key in enumerate("abc"):
        memory.put(key, number)
    assert memory.get("a") == 0
    memory.put("d", 3)
    assert (memory.get("a"), memory.get("b"), memory.get("c"), memory.get("d")) == (0, None, 2, 3)


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
