"""The census: how many clients wait for how long, and the stretch that makes them ask as often as may be.

Rule: a client counts from its poll until it is to poll again; who comes back is counted anew, who does not is not. No
client is remembered: polls are counted by wish and by what they were told, a second's together.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping

from realtime.adaptive import stretched_ms
from realtime.pacing import Wish

LEAST_STRETCH, MOST_STRETCH = 2.0**-10, 2.0**10
# Where nothing is scarce.
NO_STRETCH = 1.0
# Smaller moves of the stretch would change every answer for nothing; greater ones would not keep a budget within 5 %.
STILL = 1.04
# Until the next second a stretch that is short by less may stay: each move makes every kept answer anew.
HASTE = 1.25
# Clients wait their own phase beside the interval, a tenth of it at most.
PHASES = 1.05
# Where not even the longest intervals are enough, no more stretch than makes nearly all of them the longest.
_NEARLY = 1.02
SLOWLY = 0.9
_BISECTIONS = 24
_NOBODY = 1e-6

Clients = Mapping[Wish, float]


class Census:
    """Counts the clients of this process, by their wish.

    `polls` are those of the present period, by their wish and the milliseconds they were told; whoever answers one adds it.
    """

    def __init__(self) -> None:
        self.polls: defaultdict[tuple[Wish, int], int] = defaultdict(int)
        self._number = 0
        # By the number of the period at whose end they no longer count.
        self._leaving: defaultdict[int, defaultdict[Wish, float]] = defaultdict(lambda: defaultdict(float))
        self._clients: defaultdict[Wish, float] = defaultdict(float)
        self._seen: Counter[Wish] = Counter()

    def close(self, seconds: float) -> None:
        """End a period of some `seconds`, about one, and count its polls in.

        Of polls that came evenly through the period and wait for n and a part of periods, that part counts n + 1 times,
        the rest n times: on average each client once.
        """
        for wish, count in self._leaving.pop(self._number, {}).items():
            self._clients[wish] -= count
            if self._clients[wish] < _NOBODY:
                del self._clients[wish]
        for (wish, told_ms), count in self.polls.items():
            periods, part = divmod(PHASES * told_ms / 1000 / max(seconds, 1e-3), 1)
            for after, share in ((int(periods), 1 - part), (int(periods) + 1, part)):
                if after:
                    self._clients[wish] += share * count
                    self._leaving[self._number + after][wish] += share * count
            self._seen[wish] += count
        self.polls.clear()
        self._number += 1

    def clients(self) -> dict[Wish, float]:
        """Return how many clients there are, by their wish."""
        return dict(self._clients)

    def total(self) -> float:
        """Return how many clients there are."""
        return sum(self._clients.values())

    def extrapolated(self, share: float) -> dict[Wish, float]:
        """Return how many there will be, where all polls so far are a share of all clients."""
        seen = self._seen.copy()
        for (wish, _), count in self.polls.items():
            seen[wish] += count
        return {wish: count / share for wish, count in seen.items()}


def requests_per_s(clients: Clients, stretch: float) -> float:
    """Return how often clients ask, all together."""
    return sum(count * 1000 / PHASES / stretched_ms(wish, stretch) for wish, count in clients.items())


def stretch_for(clients: Clients, budget: float, *, least: float = NO_STRETCH) -> float:
    """Return the smallest stretch, of at least `least`, with which clients ask at most `budget` times a second.

    Where none is long enough, one that makes nearly all intervals the longest.
    """
    enough = max(budget, _NEARLY * requests_per_s(clients, MOST_STRETCH))
    if requests_per_s(clients, least) <= enough:
        return least
    low, high = least, MOST_STRETCH
    for _ in range(_BISECTIONS):
        middle = (low * high) ** 0.5
        if requests_per_s(clients, middle) > enough:
            low = middle
        else:
            high = middle
    return high


def hastened(before: float, wanted: float) -> float:
    """Return the stretch of the moment, between two seconds: another one only where much more is wanted."""
    return wanted if wanted > before * HASTE else before


def steadied(before: float, wanted: float, clients: Clients) -> float:
    """Return the stretch of the next second: a greater one at once, a smaller one by and by, none to the end.

    Where intervals shrink by as much as time passes, whoever polls meanwhile returns at the same moment. So the mean
    interval shrinks by less than that, by a tenth of it near the end: then what comes is no more than was wanted.
    """
    near = before / STILL <= wanted <= before * STILL
    if near and not wanted == NO_STRETCH < before:
        return before
    if wanted > before:
        return wanted
    mean_s = sum(clients.values()) / max(1e-9, requests_per_s(clients, before))
    return max(wanted, before * (1 - (1 - SLOWLY * wanted / before) / max(1.0, mean_s)))
