"""Policies that look at no message: fixed intervals and the two tables, exact for any number of clients.

Where intervals do not depend on messages, polls need not be played one by one: a visit's polls are at its phase and every
interval after it, and a message waits for the next of them. Intervals are looked at in blocks of ten seconds.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.pacing.measured import Measured
from benchmarks.pacing.world import Floats, Ints, World
from realtime import tables

BLOCK_S = 10.0
# More members than any row of the tables asks for.
_CROWD = 100
# How many members a channel has present -> the interval of each channel, in seconds.
Table = Callable[[Ints], Floats]


def fixed(seconds: float) -> Table:
    """Return the same interval for everybody."""
    return lambda present: np.full(len(present), seconds)


def by_activity(present: Ints) -> Floats:
    """Return the intervals of the table `activity`."""
    return _looked_up(present, lambda people: tables.by_activity(people)[0])


def by_load(present: Ints) -> Floats:
    """Return the intervals of the table `load`, on a server that is not loaded."""
    return _looked_up(present, lambda people: tables.by_load(people, 0.0)[0])


def run(world: World, name: str, table: Table) -> Measured:
    """Return what a table gives in a world."""
    found = Measured(name, world.measured_s, world.client_s, by_second=np.zeros(int(world.horizon_s)))
    last = world.start.copy()  # the first poll
    interval = np.zeros(len(world.start))
    present = np.zeros(world.channels, np.int64)
    times, of_channel = world.in_order
    there = np.zeros(0, np.int64)
    arrived = said = 0
    for begin_s in np.arange(0, world.horizon_s, BLOCK_S):
        end_s = begin_s + BLOCK_S
        coming = np.searchsorted(world.start, end_s)
        there = np.concatenate([there[world.end[there] > begin_s], np.arange(arrived, coming)])
        arrived = int(coming)
        present = np.bincount(world.channel[there], minlength=world.channels)
        now = table(present)[world.channel[there]]
        changed = (interval[there] != now) & (interval[there] > 0)
        interval[there] = now
        until = np.minimum(end_s, world.end[there])
        first = last[there]  # of this block, which is the poll due in it
        polls = np.where(first < until, np.floor((until - first) / now) + 1, 0).astype(np.int64)
        found.by_second[int(begin_s) : int(end_s)] = polls.sum() / BLOCK_S
        if begin_s >= world.warm_s:
            found.requests += int(polls.sum())
            found.changes += int(changed.sum())
        upto = np.searchsorted(times, end_s)
        if begin_s >= world.warm_s and upto > said:
            _deliver(found, world, there, first, now, times[said:upto], of_channel[said:upto])
        said = int(upto)
        last[there] = first + polls * now
    return found


def _looked_up(present: Ints, milliseconds: Callable[[int], int]) -> Floats:
    table = np.array([milliseconds(people) for people in range(_CROWD)]) / 1000
    found: Floats = table[np.minimum(present, _CROWD - 1)]
    return found


def _deliver(found: Measured, world: World, there: Ints, first: Floats, interval: Floats, times: Floats, of_channel: Ints) -> None:
    """Count how long each message of a block waits for each reader."""
    concerned = np.flatnonzero(np.bincount(of_channel, minlength=world.channels)[world.channel[there]])
    order = concerned[np.argsort(world.channel[there[concerned]], kind="stable")]
    readers = world.channel[there[order]]
    begin, stop = np.searchsorted(readers, of_channel), np.searchsorted(readers, of_channel, side="right")
    each = stop - begin
    place = order[np.repeat(begin, each) + np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)]
    said = np.repeat(times, each)
    poll = first[place] + np.maximum(0, np.ceil((said - first[place]) / interval[place])) * interval[place]
    came = (world.start[there][place] <= said) & (poll <= world.end[there][place])
    found.delivered((poll - said)[came])
