"""The worlds that policies are compared in.

Sizes follow Zipf's law. How much is said grows more slowly than how many read, and differs between channels of one size
as a lognormal: some are dead, some never rest. Everything is drawn from a seed.
"""

import numpy as np

from benchmarks.pacing.arrivals import by_chance, in_conversations, rhythm, thinned
from benchmarks.pacing.world import Floats, Ints, World, everybody_stays

HOUR_S = 3600.0
WARM_S = MEASURED_S = 1800.0
_GROWS, _DIFFERS = 0.7, 1.0
# A channel in which somebody writes each second is not read any more.
_FASTEST = 1.0
# The day: visits of 40 minutes, six a day, and 12 messages of everybody's.
CLIENTS, CHANNELS = 50_000, 2_000
VISITS, VISIT_S = 6, 2400.0
SAID = 12
# At eight in the evening something happens in ten large channels: ten times as much is said there for a quarter of an hour.
EVENT_AT_S, EVENT_S, EVENT_CHANNELS, EVENT_TIMES = 20 * HOUR_S, 900.0, 10, 10
# At two in the afternoon the network fails for a third of all, for 20 s; they come back within five.
FAILURE_AT_S, FAILURE_S, FAILURE_SHARE, BACK_S = 14 * HOUR_S, 20.0, 1 / 3, 5.0


def zipf_sizes(channels: int, clients: int) -> Ints:
    """Return the sizes of channels by rank, at least two each; about `clients` in all."""
    weights = 1 / np.arange(1, channels + 1)
    sizes: Ints = np.maximum(2, np.round(weights / weights.sum() * clients)).astype(np.int64)
    return sizes


def unequal_rates(sizes: Ints, mean: float, draw: np.random.Generator) -> Floats:
    """Return a rate for each channel, `mean` messages a second on average."""
    rates = sizes**_GROWS * draw.lognormal(0, _DIFFERS, len(sizes))
    capped: Floats = np.minimum(_FASTEST, rates / rates.mean() * mean)
    return capped


def control(per_minute: float) -> World:
    """Return equal channels whose messages come by chance: nothing can be known that would help."""
    draw = np.random.default_rng(round(10 * per_minute) + 1)
    messages = by_chance(np.full(200, per_minute / 60), WARM_S + MEASURED_S, draw)
    name = f"control: equal channels, by chance, {per_minute:g} a minute"
    return everybody_stays(name, messages, np.full(200, 10), WARM_S + MEASURED_S, WARM_S, draw)


def equal_conversations() -> World:
    """Return equal channels with conversations."""
    draw = np.random.default_rng(2)
    messages = in_conversations(np.full(200, 0.5 / 60), WARM_S + MEASURED_S, draw)
    return everybody_stays("equal channels, conversations", messages, np.full(200, 10), WARM_S + MEASURED_S, WARM_S, draw)


def unequal(*, conversations: bool) -> World:
    """Return unequal channels, with conversations or by chance."""
    draw = np.random.default_rng(3)
    sizes = zipf_sizes(1000, 4000)
    rates = unequal_rates(sizes, 0.4 / 60, draw)
    messages = (in_conversations if conversations else by_chance)(rates, WARM_S + MEASURED_S, draw)
    name = f"unequal channels, {'conversations' if conversations else 'by chance'}"
    return everybody_stays(name, messages, sizes, WARM_S + MEASURED_S, WARM_S, draw)


def day(clients: int = CLIENTS, channels: int = CHANNELS) -> World:
    """Return a day of people who come and go, with an event and a failure of the network."""
    draw = np.random.default_rng(4)
    horizon_s = 24 * HOUR_S
    sizes = zipf_sizes(channels, clients)
    lively = float(rhythm(np.linspace(0, horizon_s, 1000)).mean())
    rates = unequal_rates(sizes, SAID * sizes.sum() / horizon_s / channels / lively, draw)
    messages = thinned(in_conversations(rates, horizon_s, draw), draw)
    for channel in draw.choice(channels // 20, EVENT_CHANNELS, replace=False):
        more = draw.poisson(rates[channel] * EVENT_TIMES * EVENT_S)
        said = draw.uniform(EVENT_AT_S, EVENT_AT_S + EVENT_S, more)
        messages[channel] = np.sort(np.concatenate([messages[channel], said]))
    channel, start, end = _visits(np.repeat(np.arange(channels), sizes), horizon_s, lively, draw)
    order = np.argsort(start, kind="stable")
    return World("a day of 50,000 people", messages, channel[order], start[order], end[order], horizon_s, 0.0)


def _visits(members: Ints, horizon_s: float, lively: float, draw: np.random.Generator) -> tuple[Ints, Floats, Floats]:
    """Return visits: the channel, the start and the end of each."""
    tries = draw.poisson(VISITS / lively, len(members))
    channel = np.repeat(members, tries)
    start = draw.uniform(-VISIT_S, horizon_s, len(channel))
    kept = draw.uniform(0, 1, len(channel)) < rhythm(start)
    channel, start = channel[kept], start[kept]
    end = start + draw.exponential(VISIT_S, len(start))
    cut = (start < FAILURE_AT_S) & (end > FAILURE_AT_S) & (draw.uniform(0, 1, len(start)) < FAILURE_SHARE)
    back = FAILURE_AT_S + FAILURE_S + draw.uniform(0, BACK_S, len(start))
    again = cut & (end > back)
    channel = np.concatenate([channel, channel[again]])
    start, end = np.concatenate([start, back[again]]), np.concatenate([np.where(cut, FAILURE_AT_S, end), end[again]])
    start = np.maximum(start, 0)
    there = end > start
    return channel[there], start[there], np.minimum(end[there], horizon_s)
