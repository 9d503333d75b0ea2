"""The parts of the model that every protocol shares: the store, a Redis that may fail, processes, writers and readers.

Rule: a state is a value, and one step is what happens between two awaits. What a part may do, it may do at any moment
or never: a write behind waits for as long as it likes, so one that is lost needs no step of its own. At most one fault
happens in a history.

The store is the list of its events: `events[n - 1]` is the message that event n touched, the first to touch a message
being its send. The content of a message is the number of the event that wrote it.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from tests.model.explore import Property, Step, Violation

# (seq, version), by seq.
Copies = tuple[tuple[int, int], ...]
# (key, (as of, version)): of a message its seq; protocols that keep something else name it by a number below 1.
Shelf = tuple[tuple[int, tuple[int, int]], ...]

SEND = 0  # in a writer's program; any other number is the message to edit


class Head(NamedTuple):
    last_message: int
    last_change: int


class Run(NamedTuple):
    as_of: int
    copies: Copies = ()


class Process(NamedTuple):
    """`runs` are those some reader may still hold; `current` is the index of the one the process knows, -1 for none."""

    runs: tuple[Run, ...] = ()
    current: int = -1
    flights: tuple[tuple[tuple[int, int, int], Copies | None], ...] = ()
    leased_head: int = -1


class Reader(NamedTuple):
    """A client that polls the newest `window` messages, `polls` times more, of one process."""

    process: int
    window: int
    polls: int
    phase: str = "idle"
    floor: Copies = ()
    head: int = 0
    since: int = 0
    run: int = -1
    hand: Copies = ()
    seen: Copies = ()


class Writer(NamedTuple):
    process: int
    program: tuple[int, ...]
    phase: str = "commit"
    event: int = 0


class World(NamedTuple):
    writers: tuple[Writer, ...]
    readers: tuple[Reader, ...]
    processes: tuple[Process, ...]
    events: tuple[int, ...] = ()
    acked: Copies = ()
    shelf: Shelf = ()
    behind: tuple[Shelf, ...] = ()  # writes to Redis that wait
    notes: tuple[tuple[int, int, int], ...] = ()  # (process, seq, version) of writes their process has not yet noted
    fault: str = "none yet"
    dump: Shelf = ()
    hostile: bool = False  # see redis_answers


@lru_cache(100_000)
def head_at(events: tuple[int, ...], last_event: int) -> Head:
    """Return the head row when `last_event` was the last."""
    changes = [n for n in range(1, last_event + 1) if events[n - 1] in events[: n - 1]]
    return Head(max(events[:last_event], default=0), max(changes, default=0))


@lru_cache(100_000)
def stored(events: tuple[int, ...], first: int, last: int) -> Copies:
    """Return the committed messages first..last."""
    return tuple((seq, max(n for n, touched in enumerate(events, 1) if touched == seq)) for seq in range(first, last + 1))


@lru_cache(100_000)
def changed(events: tuple[int, ...], after: int, upto: int) -> frozenset[int]:
    """Return the messages that events in (after, upto] changed."""
    return frozenset(events[n - 1] for n in range(after + 1, upto + 1) if events[n - 1] in events[: n - 1])


def merged(copies: Copies, new: Copies) -> Copies:
    """Return `copies` with those of `new` in place of theirs."""
    return tuple(sorted({**dict(copies), **dict(new)}.items()))


def placed(shelf: Shelf, members: Shelf) -> Shelf:
    """Return the shelf after members were put on it, each in place of the one of its key."""
    return tuple(sorted({**dict(shelf), **dict(members)}.items()))


def written_behind(world: World, members: Shelf) -> World:
    """Return the world after a write to Redis was handed to the queue of a process."""
    if not world.hostile:
        return world._replace(behind=tuple(sorted((*world.behind, members))))
    # Of one version the copy with the newest claim is believed wherever another is.
    claims = {(key, version): as_of for key, (as_of, version) in world.shelf}
    for key, (as_of, version) in members:
        claims[key, version] = max(as_of, claims.get((key, version), 0))
    return world._replace(shelf=tuple(sorted((key, (as_of, version)) for (key, version), as_of in claims.items())))


def redis_answers(world: World, first: int, last: int) -> list[Shelf]:
    """Return what Redis may answer to a read of the keys first..last: one answer, or of a hostile one each there is.

    A hostile Redis has every member that was ever written, and gives for each key any one of them or none. Whatever
    flushes, failovers, old dumps, lost, late and reordered writes can make Redis answer is among that.
    """
    if not world.hostile:
        return [tuple(member for member in world.shelf if first <= member[0] <= last) if reachable(world) else ()]
    choices = ([None, *(m for m in world.shelf if m[0] == key)] for key in range(first, last + 1))
    return [tuple(member for member in answer if member is not None) for answer in product(*choices)]


def reader_is(world: World, i: int, reader: Reader) -> World:
    return world._replace(readers=(*world.readers[:i], reader, *world.readers[i + 1 :]))


def writer_is(world: World, i: int, writer: Writer) -> World:
    return world._replace(writers=(*world.writers[:i], writer, *world.writers[i + 1 :]))


def process_is(world: World, i: int, process: Process) -> World:
    return world._replace(processes=(*world.processes[:i], process, *world.processes[i + 1 :]))


def reachable(world: World) -> bool:
    return world.fault != "Redis away"


def committed(world: World, i: int) -> World | None:
    """Return the world after writer i committed its next write, None where it must wait for what it edits."""
    target = world.writers[i].program[0]
    last_message = max(world.events, default=0)
    if target > last_message:
        return None
    return world._replace(events=(*world.events, target if target != SEND else last_message + 1))


def acknowledged(world: World, event: int) -> World:
    return world._replace(acked=merged(world.acked, ((world.events[event - 1], max(event, dict(world.acked).get(event, 0))),)))


def answered(world: World, i: int, copies: Copies, last: int) -> World | Violation:
    """Return the world after reader i was answered a page that ends at `last`, or what the answer breaks."""
    reader = world.readers[i]
    broken = _broken(world, reader, copies, last)
    if broken is not None:
        page = ", ".join(f"message {seq} of event {version}" for seq, version in copies) or "an empty page"
        return Violation(broken, f"reader {i} gets {page}; acknowledged before: {reader.floor}, shown before: {reader.seen}")
    return released(reader_is(world, i, _next(reader, merged(reader.seen, copies))), reader.process)


def unanswered(world: World, i: int) -> World:
    """Return the world after the poll of reader i ended in an error."""
    reader = world.readers[i]
    return released(reader_is(world, i, _next(reader, reader.seen)), reader.process)


def _next(reader: Reader, seen: Copies) -> Reader:
    return Reader(reader.process, reader.window, reader.polls - 1, seen=seen if reader.polls > 1 else ())


def released(world: World, i: int) -> World:
    """Forget the runs of process i that neither it nor a reader holds."""
    process = world.processes[i]
    held = {r.run for r in world.readers if r.process == i} | {process.current}
    if len(process.runs) < 2 or held.issuperset(range(len(process.runs))):
        return world
    runs = tuple(run if n in held else Run(0) for n, run in enumerate(process.runs))
    while len(runs) - 1 not in held:
        runs = runs[:-1]
    return process_is(world, i, process._replace(runs=runs))


def _broken(world: World, reader: Reader, copies: Copies, last: int) -> Property | None:
    if any(version > len(world.events) or world.events[version - 1] != seq for seq, version in copies):
        return Property.PHANTOM
    if [seq for seq, _ in copies] != list(range(max(1, last - reader.window + 1), last + 1)):
        return Property.HOLE
    if _older(copies, last, reader.floor):
        return Property.STALE
    return Property.BACKWARD if _older(copies, last, reader.seen) else None


def _older(copies: Copies, last: int, known: Copies) -> bool:
    oldest = dict(known)
    return bool(known) and (last < known[-1][0] or any(version < oldest.get(seq, 0) for seq, version in copies))


def redis_steps(world: World) -> Iterator[Step[World]]:
    """What Redis does by itself: take a write that waits, and the faults. A hostile one has them all in its answers."""
    if world.hostile:
        return
    if reachable(world):
        for write in set(world.behind):
            rest = list(world.behind)
            rest.remove(write)
            yield f"Redis takes {write}", world._replace(shelf=placed(world.shelf, write), behind=tuple(rest))
    if world.fault == "none yet":
        if world.shelf:
            yield "Redis is flushed", world._replace(shelf=(), fault="over")
            yield "a dump of Redis is made", world._replace(dump=world.shelf, fault="dumped")
        yield "Redis goes away", world._replace(fault="Redis away")
    elif world.fault == "dumped" and world.dump != world.shelf:
        yield "Redis is rolled back to the dump", world._replace(shelf=world.dump, dump=(), fault="over")
    elif world.fault == "Redis away":
        yield "Redis comes back", world._replace(fault="over")


def process_steps(world: World) -> Iterator[Step[World]]:
    """The fault of a process: its run is forgotten, by time or by a restart, while readers may hold it."""
    if world.fault == "none yet":
        for i, process in enumerate(world.processes):
            if process.current >= 0:
                forgetting = process_is(world, i, process._replace(current=-1))._replace(fault="over")
                yield f"process {i} forgets its run", released(forgetting, i)
