"""The protocol of cache/profiles.py: copies as of a number of the profile log, catching up, and shared misses.

Rule: as in protocols.py, one step is what happens between two awaits, a change is acknowledged when it is committed,
and each False in `ProfileRules` is one mistake. `log[n - 1]` is the person whom change n touched; a profile's content
is the number of the change that wrote it, 0 for the one it was made with.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tests.model.explore import Property, Step, Violation
from tests.model.parts import Copies, merged


@dataclass(frozen=True, slots=True)
class ProfileRules:
    catch_up: bool = True  # what the log names is dropped
    claim_after_drop: bool = True  # as_of moves when the log has answered, not when it is asked
    raced_reads_not_kept: bool = True  # _read keeps nothing if as_of moved meanwhile
    join_the_next: bool = True  # Flights: nobody joins a read in flight


class Poll(NamedTuple):
    """A client that asks for `wants`, `polls` times more."""

    wants: tuple[int, ...]
    polls: int
    phase: str = "idle"
    number: int = 0  # of the head; what is promised is the profiles as of it
    since: int = 0
    found: Copies = ()
    seen: Copies = ()


class Flight(NamedTuple):
    as_of: int
    riders: tuple[tuple[int, int], ...]  # (poll, person)
    found: Copies | None = None


class People(NamedTuple):
    polls: tuple[Poll, ...]
    changes: tuple[int, ...]  # whom the writer will change
    log: tuple[int, ...] = ()
    copies: Copies = ()
    as_of: int = 0
    boarding: tuple[tuple[int, int], ...] = ()
    flying: Flight | None = None


def steps(state: People, rules: ProfileRules) -> Iterator[Step[People]]:
    """Every step that can come next."""
    if state.changes:
        changed = state._replace(log=(*state.log, state.changes[0]), changes=state.changes[1:])
        yield f"change {len(changed.log)}, of person {state.changes[0]}, is committed and acknowledged", changed
    for person, _ in state.copies:
        yield f"the copy of person {person} is evicted", state._replace(copies=_without(state.copies, {person}))
    for i, poll in enumerate(state.polls):
        if poll.phase == "idle" and poll.polls:
            headed = poll._replace(phase="enter", number=len(state.log))
            yield f"poll {i} begins and reads the head, profile change {headed.number}", _poll_is(state, i, headed)
        elif poll.phase == "enter":
            yield f"poll {i} asks for {poll.wants}", _entered(state, i, rules)
            if state.copies and poll.number > state.as_of:  # beyond MAX_CATCH_UP
                yield f"poll {i} drops every copy", _looked_up(state._replace(copies=(), as_of=poll.number), i, rules)
        elif poll.phase == "log":
            yield f"poll {i} is told what changed in {poll.since + 1}..{poll.number}", _caught_up(state, i, rules)
    flying = state.flying
    if flying is None and state.boarding:
        yield "the shared read takes off", state._replace(flying=Flight(state.as_of, state.boarding), boarding=())
    elif flying is not None and flying.found is None:
        found = tuple((person, _version(state.log, person)) for person in sorted({person for _, person in flying.riders}))
        yield f"the store answers {found}", state._replace(flying=flying._replace(found=found))
    elif flying is not None:
        yield "the shared read lands", _landed(state, flying, rules)


def _entered(state: People, i: int, rules: ProfileRules) -> People | Violation:
    poll = state.polls[i]
    if poll.number <= state.as_of:
        return _looked_up(state, i, rules)
    if not state.copies:
        return _looked_up(state._replace(as_of=poll.number), i, rules)
    waiting = _poll_is(state, i, poll._replace(phase="log", since=state.as_of))
    return waiting if rules.claim_after_drop else waiting._replace(as_of=poll.number)


def _caught_up(state: People, i: int, rules: ProfileRules) -> People | Violation:
    poll = state.polls[i]
    names = set(state.log[poll.since : poll.number]) if rules.catch_up else set()
    caught_up = state._replace(copies=_without(state.copies, names), as_of=max(state.as_of, poll.number))
    return _looked_up(_poll_is(caught_up, i, poll._replace(since=0)), i, rules)


def _looked_up(state: People, i: int, rules: ProfileRules) -> People | Violation:
    poll = state.polls[i]
    found = tuple(copy for copy in state.copies if copy[0] in poll.wants)
    missing = tuple((i, person) for person in poll.wants if person not in dict(found))
    waiting = _poll_is(state, i, poll._replace(phase="misses", found=found))
    if not missing:
        return _answered(waiting, i)
    flying = state.flying
    if not rules.join_the_next and flying is not None and {p for _, p in missing} <= {p for _, p in flying.riders}:
        return waiting._replace(flying=flying._replace(riders=(*flying.riders, *missing)))
    return waiting._replace(boarding=tuple(sorted((*state.boarding, *missing))))


def _landed(state: People, flight: Flight, rules: ProfileRules) -> People | Violation:
    found = flight.found or ()
    keeps = flight.as_of == state.as_of or not rules.raced_reads_not_kept
    landed = state._replace(copies=merged(state.copies, found) if keeps else state.copies, flying=None)
    for i in sorted({i for i, _ in flight.riders}):
        mine = tuple(copy for copy in found if (i, copy[0]) in flight.riders)
        poll = landed.polls[i]
        outcome = _answered(_poll_is(landed, i, poll._replace(found=merged(poll.found, mine))), i)
        if isinstance(outcome, Violation):
            return outcome
        landed = outcome
    return landed


def _answered(state: People, i: int) -> People | Violation:
    poll = state.polls[i]
    shown, seen = dict(poll.found), dict(poll.seen)
    answer = f"poll {i} gets {poll.found}; its head was {poll.number}, shown before: {poll.seen}"
    if sorted(shown) != sorted(poll.wants):
        return Violation(Property.HOLE, answer)
    if any(shown[person] < _version(state.log[: poll.number], person) for person in poll.wants):
        return Violation(Property.STALE, answer)
    if any(shown[person] < seen.get(person, 0) for person in poll.wants):
        return Violation(Property.BACKWARD, answer)
    return _poll_is(state, i, Poll(poll.wants, poll.polls - 1, seen=merged(poll.seen, poll.found) if poll.polls > 1 else ()))


def _version(log: tuple[int, ...], person: int) -> int:
    return max((n for n, touched in enumerate(log, 1) if touched == person), default=0)


def _without(copies: Copies, people: set[int]) -> Copies:
    return tuple(copy for copy in copies if copy[0] not in people)


def _poll_is(state: People, i: int, poll: Poll) -> People:
    return state._replace(polls=(*state.polls[:i], poll, *state.polls[i + 1 :]))
