"""The bounded memory, against a simple one that keeps a list in the order of use; and what was seen before."""

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
@given(st.integers(2, 40), st.integers(0, 200))
def test_what_was_seen_is_remembered_for_half_the_bound_at_least_and_the_bound_at_most(limit: int, others: int) -> None:
    seen = SecondSight(limit)
    seen.seen_before("one")
    for number in range(others):
        seen.seen_before(number)
    assert len(seen._young) + len(seen._old) <= limit
    if others < limit // 2:
        assert seen.seen_before("one")
    if others > limit:
        assert not seen.seen_before("one")
