"""Exhaustive search of a model: every state that any interleaving can reach, each once, the nearest first.

Rule: nothing is sampled and nothing is cut off. A search either visited every reachable state, or it ended at the
first violation, which is then reached by the fewest steps there are.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar


class Property(Enum):
    """What every answer promises; the value says what it means to break it."""

    STALE = "a poll that began after an acknowledgement does not show that write"
    BACKWARD = "a client is shown something older than it was shown before"
    HOLE = "a page lacks a message between two others or of its range"
    PHANTOM = "a page shows what was never committed"


@dataclass(frozen=True, slots=True)
class Violation:
    """An answer that breaks a property, as the client got it."""

    broken: Property
    answer: str


S = TypeVar("S", bound=Hashable)
Step = tuple[str, S | Violation]


@dataclass(frozen=True, slots=True)
class Search(Generic[S]):
    """The outcome of a search. `trace` holds the steps to the violation, and is empty where there is none."""

    states: int
    transitions: int
    violation: Violation | None
    trace: tuple[str, ...]

    def story(self) -> str:
        """Return the counterexample, a step a line."""
        if self.violation is None:
            return "no violation"
        lines = [f"{n:3}. {step}" for n, step in enumerate(self.trace, 1)]
        return "\n".join([*lines, f"  => {self.violation.broken.name}: {self.violation.answer}"])


def explore(initial: S, steps: Callable[[S], Iterable[Step[S]]], *, ignoring: frozenset[Property] = frozenset()) -> Search[S]:
    """Visit every state reachable from `initial`, breadth first, until a violation of a property not ignored."""
    came_from: dict[S, tuple[S, str] | None] = {initial: None}
    frontier, transitions = [initial], 0
    while frontier:
        following: list[S] = []
        for state in frontier:
            for label, outcome in steps(state):
                transitions += 1
                if isinstance(outcome, Violation):
                    if outcome.broken not in ignoring:
                        return Search(len(came_from), transitions, outcome, (*_trace(came_from, state), label))
                elif outcome not in came_from:
                    came_from[outcome] = (state, label)
                    following.append(outcome)
        frontier = following
    return Search(len(came_from), transitions, None, ())


def _trace(came_from: dict[S, tuple[S, str] | None], state: S) -> list[str]:
    labels: list[str] = []
    step = came_from[state]
    while step is not None:
        labels.append(step[1])
        step = came_from[step[0]]
    return labels[::-1]
