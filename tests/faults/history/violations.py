"""The names of what can be wrong with a history."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

EXAMPLES = 3


class Fault(Enum):
    """A broken promise; the value is its column in the table."""

    LOST = "lost"  # acknowledged, and not stored; or stored, and skipped by a reader who followed its cursor
    DUPLICATED = "duplicated"  # stored twice, or shown twice to a reader who followed its cursor
    OUT_OF_ORDER = "out of order"  # a page that is not in the order of seq
    DIFFERENT_ORDER = "different order"  # two answers with different messages at one place
    PHANTOM = "phantom"  # shown, and never attempted, not yet attempted, refused, or not stored
    STALE = "stale"  # an answer that began after an acknowledgement and does not show what was acknowledged
    BACKWARD = "backward"  # a client's answer that is older than its earlier one
    MIXED = "mixed"  # two states under one version
    GAP = "gap"  # a seq that no message has
    RETRY_MOVED = "retry moved"  # one clientMessageId acknowledged at two places
    WRONG_PLACE = "wrong place"  # acknowledged before the other was begun, and placed after it
    LEAKED = "leaked"  # a private channel shown to who had left it
    CURSOR = "cursor"  # an end cursor that is not the last message's, or an empty page that does not repeat `after`


@dataclass(slots=True)
class Violations:
    """How often each fault was found, and a few examples of each in words."""

    counts: Counter[Fault] = field(default_factory=Counter)
    examples: dict[Fault, list[str]] = field(default_factory=dict)

    def add(self, fault: Fault, what: str) -> None:
        self.counts[fault] += 1
        found = self.examples.setdefault(fault, [])
        if len(found) < EXAMPLES:
            found.append(what)

    def include(self, other: "Violations") -> None:
        """Add those of another part of the history."""
        for fault, examples in other.examples.items():
            self.counts[fault] += other.counts[fault]
            self.examples[fault] = [*self.examples.get(fault, []), *examples][:EXAMPLES]

    @property
    def faults(self) -> set[Fault]:
        return set(self.counts)

    def lines(self) -> list[str]:
        """Return the examples, one a line."""
        return [f"{fault.value}: {what}" for fault, found in self.examples.items() for what in found]
