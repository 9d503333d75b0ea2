"""What the writers of a history did, looked up by message, by author and by membership.

Rule: a floor is what must be visible at a moment: the highest of what was acknowledged before it. Looking one up is a
binary search.
"""

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field

from tests.faults.history.records import Attempt, History, Kind, Outcome

NEVER_S = float("inf")


@dataclass(slots=True)
class Message:
    """One send with all its attempts, and the changes attempted of it. `places` are the seqs acknowledged, in order."""

    who: str
    began_s: float
    acked_s: float = NEVER_S
    places: list[int] = field(default_factory=list)
    refused: bool = True
    contents: set[str] = field(default_factory=set)
    deletable: bool = False
    deleted_s: float = NEVER_S


class Floor:
    """The highest of the values acknowledged before a moment."""

    __slots__ = ("_acks", "_highest", "_times")

    def __init__(self) -> None:
        self._acks: list[tuple[float, int]] = []
        self._times: list[float] = []
        self._highest: list[int] = []

    def add(self, acked_s: float, value: int) -> None:
        self._acks.append((acked_s, value))

    def at(self, moment_s: float) -> int:
        """Return the floor at `moment_s`, 0 where nothing was acknowledged before. Call `add` no more after this."""
        if self._acks:
            self._settle()
        index = bisect_left(self._times, moment_s)
        return self._highest[index - 1] if index else 0

    def _settle(self) -> None:
        highest = 0
        for acked_s, value in sorted(self._acks):
            highest = max(highest, value)
            self._times.append(acked_s)
            self._highest.append(highest)
        self._acks = []


class Names:
    """The names one person has had, in order; a person changes their name one step at a time."""

    __slots__ = ("floor", "step")

    def __init__(self) -> None:
        self.step: dict[str, int] = {}
        self.floor = Floor()

    def add(self, attempt: Attempt) -> None:
        step = self.step.setdefault(attempt.text, len(self.step) + 1)
        if attempt.outcome is Outcome.ACKED:
            self.floor.add(attempt.ended_s, step)


class Membership:
    """The joins and leaves of one person in one channel, one at a time."""

    __slots__ = ("_began", "_ops")

    def __init__(self) -> None:
        self._ops: list[Attempt] = []
        self._began: list[float] = []

    def add(self, attempt: Attempt) -> None:
        self._ops.append(attempt)
        self._began.append(attempt.began_s)

    def during(self, began_s: float, ended_s: float) -> bool | None:
        """Return whether the person was a member all through a request; None where that is not certain."""
        index = bisect_left(self._began, ended_s)
        if not index:
            return None
        last = self._ops[index - 1]
        if last.outcome is not Outcome.ACKED or last.ended_s >= began_s:
            return None
        return last.kind is Kind.JOIN


@dataclass(slots=True)
class Ledger:
    """A history's attempts, sorted out."""

    messages: dict[tuple[str, str], Message] = field(default_factory=dict)
    heads: defaultdict[str, Floor] = field(default_factory=lambda: defaultdict(Floor))
    versions: dict[tuple[str, str], Floor] = field(default_factory=dict)
    names: defaultdict[str, Names] = field(default_factory=lambda: defaultdict(Names))
    members: defaultdict[tuple[str, str], Membership] = field(default_factory=lambda: defaultdict(Membership))

    @classmethod
    def of(cls, history: History) -> "Ledger":
        ledger = cls()
        for attempt in sorted(history.attempts, key=lambda one: one.began_s):
            match attempt.kind:
                case Kind.PROFILE:
                    ledger.names[attempt.who].add(attempt)
                case Kind.JOIN | Kind.LEAVE:
                    ledger.members[attempt.who, attempt.channel].add(attempt)
                case Kind.SEND:
                    ledger._send(attempt)
                case Kind.EDIT | Kind.DELETE:
                    ledger._change(attempt)
        return ledger

    def _send(self, attempt: Attempt) -> None:
        place = (attempt.channel, attempt.key)
        message = self.messages.setdefault(place, Message(attempt.who, attempt.began_s))
        if attempt.outcome is not Outcome.REFUSED:
            message.refused = False
            message.contents.add(attempt.text)
        if attempt.outcome is Outcome.ACKED:
            assert attempt.shown is not None, "an acknowledged send carries its message"
            if not message.places:
                self.heads[attempt.channel].add(attempt.ended_s, attempt.shown.seq)
            message.acked_s = min(message.acked_s, attempt.ended_s)
            message.places.append(attempt.shown.seq)

    def _change(self, attempt: Attempt) -> None:
        place = (attempt.channel, attempt.key)
        message = self.messages[place]
        if attempt.outcome is Outcome.REFUSED:
            return
        if attempt.kind is Kind.EDIT:
            message.contents.add(attempt.text)
        else:
            message.deletable = True
        if attempt.outcome is Outcome.ACKED:
            if attempt.kind is Kind.DELETE:
                message.deleted_s = min(message.deleted_s, attempt.ended_s)
            if attempt.shown is not None:
                self.versions.setdefault(place, Floor()).add(attempt.ended_s, attempt.shown.version)
