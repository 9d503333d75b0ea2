"""The real classes under every order of their awaits in small conversations, and under many in larger ones.

Rule: the classes are those of cache/, unchanged; only the store and Redis are ours. A class with a rule taken out of
it must be caught by the same walks, or the walks prove nothing.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from cache import profiles, recent
from cache.flights import SingleFlight
from cache.profiles import ProfileCopies
from cache.read_index import ReadIndex
from cache.recent import RecentMessages
from models.head import ChannelHead
from models.message import MessageRecord
from models.user import Profile
from models.user import profiles as stored_profiles
from tests.model.conversation import Conversation, Plan
from tests.model.explore import Property

SEND_EDIT = (("event", 1), ("event", 1))
SEND_EDIT_EDIT = (*SEND_EDIT, ("event", 1))
MIXED = (("event", 1), ("profile", 1), ("event", 1), ("event", 2), ("profile", 2), ("event", 1))

WALKS_EACH = 500
WALKS = {
    "two clients of one process, which writes": Plan(SEND_EDIT_EDIT, clients=(0, 0), rewinds=1),
    "three clients of one process, written by another": Plan(MIXED, clients=(0, 0, 0), writer_process=1, rewinds=1),
    "two clients of two processes": Plan(MIXED, clients=(0, 1), rewinds=1),
    "three clients of two processes": Plan(MIXED, clients=(0, 0, 1), polls=3, faults=2, rewinds=1),
}


def _walk(plan: Plan, seed: int, **parts: Any) -> Conversation:
    """Make choices at random until every client was answered.

    Whoever can do something has a random place in an order; the first of it goes on, and now and then becomes the last.
    So one may stand still between two awaits while another does much, which choices of even chance hardly ever do.
    """
    chance, run = random.Random(seed), Conversation(plan, **parts)
    order: dict[str, float] = {}
    while not run.over:
        labels = [label.partition(",")[0] for label, _ in run.choices()]
        chosen = min(range(len(labels)), key=lambda n: order.setdefault(labels[n], chance.random()))
        run.choose(chosen)
        if chance.random() < 0.15:
            order[labels[chosen]] = max(order.values()) + chance.random()
    return run


def _story(run: Conversation) -> str:
    return "\n".join([*run.trace, str(run.violation)])


@pytest.mark.parametrize("name", WALKS)
def test_no_walk_gets_a_wrong_answer(name: str) -> None:
    for seed in range(WALKS_EACH):
        run = _walk(WALKS[name], seed)
        assert run.violation is None, f"seed {seed}\n{_story(run)}"
        assert run.loop.complaints == []


def _every(plan: Plan, *prelude: str) -> Iterator[Conversation]:
    """Run the plan, after the prelude, in every order there is."""
    path: list[tuple[int, int]] = []  # (choice made, choices there were)
    while True:
        run = Conversation(plan)
        run.follow(*prelude)
        for choice, _ in path:
            run.choose(choice)
        while not run.over:
            path.append((0, len(run.choices())))
            run.choose(0)
        yield run
        while path and path[-1][0] + 1 == path[-1][1]:
            path.pop()
        if not path:
            return
        path[-1] = (path[-1][0] + 1, path[-1][1])


# Without Redis, which the walks have. Client 0 has polled, so there is something to be out of date; then two more poll.
WARM = ("client 0, begins", "client 0, store *", "client 1, begins", "client 2, begins")
EDITED = Plan(SEND_EDIT, clients=(0, 0, 0), faults=0, polls=1, with_redis=False, with_profiles=False)
RENAMED = Plan((("profile", 1), ("profile", 1)), clients=(0, 0, 0), faults=0, polls=1, with_redis=False)


@pytest.mark.parametrize(
    ("plan", "prelude", "at_least"),
    [(EDITED, WARM, 500), (RENAMED, ("client 0, begins", "client 0, store: heads", "client 1, begins"), 500)],
    ids=["an edit", "a new name"],
)
def test_every_order_of_two_polls_and_a_change_is_right(plan: Plan, prelude: tuple[str, ...], at_least: int) -> None:
    orders = 0
    for run in _every(plan, "commit", *prelude):
        orders += 1
        assert run.violation is None, _story(run)
    print(f"{orders} orders")  # noqa: T201  # the figures of the ADR
    assert orders >= at_least


def _kept_whatever_the_claim(run: recent._Run, records: Sequence[MessageRecord], *, as_of: int) -> None:
    run.add(records)


async def _nothing_changed(*_: object, **__: object) -> list[int]:
    return []


class _ByDensityAlone(RecentMessages):
    async def _from_redis(self, wanted: recent._Wanted) -> list[MessageRecord] | None:
        return await super()._from_redis(wanted._replace(last_change=0))


async def _raced_read_kept(copies: ProfileCopies, user_ids: list[int]) -> dict[int, Profile]:
    found = {profile.user_id: profile for profile in await stored_profiles(copies._db, user_ids)}
    for user_id, profile in found.items():
        copies._copies.put(user_id, profile)
    return found


class _JoinsAnyFlight(ReadIndex):
    """Every poll takes part in the read in flight, instead of the next."""

    async def channel(self, channel_id: int, viewer_id: int) -> ChannelHead | None:
        reads: SingleFlight[int, ChannelHead | None] = self.__dict__.setdefault("reads", SingleFlight(self._alone))
        return await reads.get(channel_id)

    async def _alone(self, channel_id: int) -> ChannelHead | None:
        return await super().channel(channel_id, 1)


def _mistaken(mistake: str, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Take one rule out of the real classes; returns what a conversation is to be made with."""
    match mistake:
        case "copies older than the run's claim kept":
            patch.setattr(recent._Run, "keep", _kept_whatever_the_claim)
        case "what changed between not dropped":
            patch.setattr(recent, "changed_messages", _nothing_changed)
        case "changed profiles not dropped":
            patch.setattr(profiles, "changed_profiles", _nothing_changed)
        case "a raced read of profiles kept":
            patch.setattr(ProfileCopies, "_read", _raced_read_kept)
        case "Redis believed by density alone":
            return {"recent": _ByDensityAlone}
        case "a head read in flight joined":
            return {"index": _JoinsAnyFlight}
    return {}


NAMES_ALONE = Plan((("profile", 1), ("profile", 1)), clients=(0, 0, 0), faults=0, with_redis=False)
# A database that goes back as well would only dilute the orders in which these show.
WITHOUT_REWINDS = replace(WALKS["three clients of one process, written by another"], rewinds=0)
MISTAKES = {
    "copies older than the run's claim kept": WITHOUT_REWINDS,
    "what changed between not dropped": WITHOUT_REWINDS,
    "Redis believed by density alone": WITHOUT_REWINDS,
    "a head read in flight joined": WITHOUT_REWINDS,
    "changed profiles not dropped": NAMES_ALONE,
    "a raced read of profiles kept": NAMES_ALONE,
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_walks_find_every_mistake(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = _mistaken(mistake, monkeypatch)
    wrong = (run for seed in range(WALKS_EACH) if (run := _walk(MISTAKES[mistake], seed, **parts)).violation is not None)
    found = next(wrong, None)
    assert found is not None
    assert found.violation is not None
    print(_story(found))  # noqa: T201  # the counterexample
    assert found.violation.broken in (Property.STALE, Property.BACKWARD)
