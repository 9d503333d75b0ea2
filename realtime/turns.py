"""Turns: those who are woken together look some at a time, so that one message to thousands holds up nobody else.

Rule: everybody who is woken has a turn; one who takes long delays the next by a bounded time.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Protocol

# How many look at the same time, sharing their reads, and when the others go on in any case.
TURNS = 128
LONGEST_TURN_S = 0.1


class Sleeper(Protocol):
    """Who can be woken. `woken` and `turn` are this module's own: False and 0 at first."""

    # They wait for their turn.
    woken: bool
    # The round in which they look.
    turn: int

    def rouse(self) -> bool:
        """Let them look; False where they are gone."""


class Turns:
    """Gives turns."""

    def __init__(self) -> None:
        self._woken: deque[Sleeper] = deque()
        self._looking = 0
        self._round = 1
        self._next: asyncio.Handle | None = None

    def wake(self, sleepers: Iterable[Sleeper]) -> None:
        """Give each a turn, soon."""
        for sleeper in sleepers:
            if not sleeper.woken:
                sleeper.woken = True
                self._woken.append(sleeper)
        if self._woken and self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._give)

    def end(self, sleeper: Sleeper) -> None:
        """Take note that somebody has looked."""
        if sleeper.turn == self._round:
            self._looking -= 1
            if self._looking == TURNS // 2 and self._next is not None:
                self._next.cancel()
                self._next = asyncio.get_running_loop().call_soon(self._give)
        sleeper.turn = 0

    def _give(self) -> None:
        self._next = None
        while self._woken and self._looking < TURNS:
            sleeper = self._woken.popleft()
            sleeper.woken = False
            if sleeper.rouse():
                sleeper.turn = self._round
                self._looking += 1
        if self._woken:
            self._next = asyncio.get_running_loop().call_later(LONGEST_TURN_S, self._new_round)

    def _new_round(self) -> None:
        """Count on those no longer who have taken too long."""
        self._round += 1
        self._looking = 0
        self._give()
