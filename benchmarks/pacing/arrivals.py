"""When messages come: by chance, or in conversations, by day and night.

A conversation begins by chance, and each of its messages is answered by some more (Hawkes, 1971, as clusters: Hawkes and
Oakes, 1974). `BRANCHING` is how many answers a message has on average, `ANSWER_S` how long each takes.
"""

import numpy as np

from benchmarks.pacing.world import Floats

# A conversation has ten messages on average and lasts some minutes.
BRANCHING = 0.9
ANSWER_S = 45.0
_DAY_S = 86_400.0


def by_chance(rates: Floats, horizon_s: float, draw: np.random.Generator) -> list[Floats]:
    """Return the messages of channels with constant rates, in messages a second: a Poisson process each."""
    counts = draw.poisson(rates * horizon_s)
    return [np.sort(draw.uniform(0, horizon_s, count)) for count in counts]


def in_conversations(rates: Floats, horizon_s: float, draw: np.random.Generator) -> list[Floats]:
    """Return the messages of channels whose messages answer one another, with the same rates on average."""
    before_s = ANSWER_S / (1 - BRANCHING) * 3  # conversations that began earlier go on
    found = []
    for rate in rates:
        opening = draw.uniform(-before_s, horizon_s, draw.poisson(rate * (1 - BRANCHING) * (horizon_s + before_s)))
        said = [opening]
        while len(opening):
            answers = draw.poisson(BRANCHING, len(opening))
            opening = np.repeat(opening, answers) + draw.exponential(ANSWER_S, answers.sum())
            opening = opening[opening < horizon_s]
            said.append(opening)
        times = np.sort(np.concatenate(said))
        found.append(times[times >= 0])
    return found


def rhythm(at_s: Floats) -> Floats:
    """Return how lively a moment of the day is: 1 at nine in the evening, a tenth at five in the morning."""
    hour = at_s % _DAY_S / 3600
    return 0.55 + 0.45 * np.cos((hour - 21) / 24 * 2 * np.pi) * np.where(np.abs(hour - 5) < 3, 1.0, 0.9)


def thinned(messages: list[Floats], draw: np.random.Generator) -> list[Floats]:
    """Return those messages that the day's rhythm leaves."""
    return [times[draw.uniform(0, 1, len(times)) < rhythm(times)] for times in messages]
