"""The protocol of cache/recent.py under cache/read_index.py, step by step, and the rules that can be taken out of it.

Rule: with every rule in place this is what the code does, await by await. The phases of a reader are named for what
it waits for. A write is acknowledged the moment it is committed, the earliest there is: whatever holds of such answers
holds of every later acknowledgement. The lease across processes is left out: it moves only when a read begins.
"""

from collections.abc import Iterator

from tests.model.explore import Step, Violation
from tests.model.parts import (
    SEND,
    Copies,
    Run,
    Shelf,
    World,
    Writer,
    acknowledged,
    answered,
    changed,
    committed,
    head_at,
    merged,
    process_is,
    process_steps,
    reader_is,
    redis_answers,
    redis_steps,
    stored,
    unanswered,
    writer_is,
    written_behind,
)
from tests.model.rules import NEVER_COMMITTED, Rules


def steps(world: World, rules: Rules) -> Iterator[Step[World]]:
    """Every step that can come next."""
    for i in range(len(world.writers)):
        yield from _write(world, i, rules)
    for note in set(world.notes):
        yield f"process {note[0]} notes message {note[1]} of event {note[2]}", _noted(world, note, rules)
    for i in range(len(world.readers)):
        yield from _read(world, i, rules)
    if not rules.head_of_this_poll:
        for i, process in enumerate(world.processes):
            if process.leased_head >= 0:
                yield f"process {i}'s lease on the head ends", process_is(world, i, process._replace(leased_head=-1))
    yield from redis_steps(world)
    yield from process_steps(world)


def _write(world: World, i: int, rules: Rules) -> Iterator[Step[World]]:
    writer = world.writers[i]
    if not writer.program:
        return
    after = committed(world, i)
    if after is None:
        return
    event, seq = len(after.events), after.events[-1]
    what = f"writer {i} {'sends' if writer.program[0] == SEND else 'edits'} message {seq}"
    rest = writer_is(world, i, Writer(writer.process, writer.program[1:])).writers
    if rules.note_after_commit:
        note = (writer.process, seq, event)
        done = acknowledged(after, event)._replace(writers=rest, notes=tuple(sorted((*world.notes, note))))
        if world.hostile and all(reader.process != writer.process for reader in world.readers):
            done = _noted(done, note, rules)  # nobody but Redis is told, which may forget it as well
        yield f"{what}: event {event} is committed and acknowledged", done
    elif writer.phase == "commit":
        for version in (event, NEVER_COMMITTED + event):
            noted = _noted(world, (writer.process, seq, version), rules)
            ready = writer_is(noted, i, writer._replace(phase="noted", event=version))
            yield f"{what}: noted before its commit, which will {'succeed' if version == event else 'fail'}", ready
    elif writer.event == event:
        yield f"{what}: event {event} is committed and acknowledged", acknowledged(after, event)._replace(writers=rest)
    else:
        yield f"{what}: rolled back", world._replace(writers=rest)


def _noted(world: World, note: tuple[int, int, int], rules: Rules) -> World:
    """RecentMessages.sent, by the process that wrote, at any time after the commit or never."""
    process, seq, version = note
    notes = list(world.notes)
    if note in notes:
        notes.remove(note)
    as_of = version % NEVER_COMMITTED
    current = world.processes[process].current
    noted = written_behind(world._replace(notes=tuple(notes)), ((seq, (as_of, version)),))
    return noted if current < 0 else _kept(noted, process, current, ((seq, version),), as_of, rules)


def _read(world: World, i: int, rules: Rules) -> Iterator[Step[World]]:
    reader, name = world.readers[i], f"reader {i} on process {world.readers[i].process}"
    match reader.phase:
        case "idle" if reader.polls:
            # In one step: a poll that waits before its head is read is promised less, and told the same.
            yield from _read_head(reader_is(world, i, reader._replace(floor=world.acked)), i, rules, f"{name} begins a poll,")
        case "enter":
            yield f"{name} looks into the run", _entered(world, i, rules)
        case "events":
            upto, names = reader.head, sorted(changed(world.events, reader.since, reader.head))
            yield f"{name} is told that events {reader.since + 1} to {upto} changed {names}", _caught_up(world, i, rules)
            if world.fault == "none yet":
                yield f"{name}: the store cannot answer", unanswered(world, i)._replace(fault="over")
        case "redis":
            for outcome in _asked_redis(world, i, rules):
                yield f"{name} asks Redis, which has {outcome.readers[i].hand or 'nothing to be used'}", outcome
        case "redis copies":
            yield f"{name} takes what Redis gave", _finished(world, i, reader.hand, rules)
        case "store":
            yield from _read_store(world, i, rules, name)
        case "landed":
            yield f"{name} takes what the shared read gave", _finished(world, i, reader.hand, rules)
        case "head again":
            later = reader_is(world, i, reader._replace(head=len(world.events)))
            yield f"{name} reads the head that its copies are marked with", _finished(later, i, reader.hand, rules, to_redis=True)


def _read_head(world: World, i: int, rules: Rules, name: str) -> Iterator[Step[World]]:
    reader = world.readers[i]
    process = world.processes[reader.process]
    if rules.head_of_this_poll:
        yield (
            f"{name} reads the head (event {len(world.events)})",
            reader_is(world, i, reader._replace(phase="enter", head=len(world.events))),
        )
    elif process.leased_head >= 0:
        yield f"{name} takes the leased head", reader_is(world, i, reader._replace(phase="enter", head=process.leased_head))
    else:
        read = reader_is(world, i, reader._replace(phase="enter", head=len(world.events)))
        yield f"{name} reads and leases the head", process_is(read, reader.process, process._replace(leased_head=len(world.events)))


def _entered(world: World, i: int, rules: Rules) -> World | Violation:
    reader = world.readers[i]
    process = world.processes[reader.process]
    head = head_at(world.events, reader.head)
    if head.last_message == 0:
        return answered(world, i, (), 0)
    if process.current < 0:
        made = process._replace(runs=(*process.runs, Run(reader.head)), current=len(process.runs))
        held = reader_is(world, i, reader._replace(run=made.current))
        return _served(process_is(held, reader.process, made), i)
    run = process.runs[process.current]
    held = reader_is(world, i, reader._replace(run=process.current))
    if head.last_change <= run.as_of:
        return _served(held, i)
    return reader_is(held, i, reader._replace(run=process.current, phase="events", since=run.as_of))


def _caught_up(world: World, i: int, rules: Rules) -> World | Violation:
    reader = world.readers[i]
    process = world.processes[reader.process]
    run = process.runs[reader.run]
    names = changed(world.events, reader.since, reader.head) if rules.drop_changed else frozenset()
    left = tuple(copy for copy in run.copies if copy[0] not in names)
    runs = (*process.runs[: reader.run], Run(max(run.as_of, reader.head), left), *process.runs[reader.run + 1 :])
    renewed = process_is(world, reader.process, process._replace(runs=runs, current=reader.run))
    return _served(reader_is(renewed, i, reader._replace(since=0)), i)


def _served(world: World, i: int) -> World | Violation:
    reader = world.readers[i]
    first, last = _range(world, i)
    copies = tuple(c for c in world.processes[reader.process].runs[reader.run].copies if first <= c[0] <= last)
    if len(copies) == last - first + 1:
        return answered(world, i, copies, last)
    return reader_is(world, i, reader._replace(phase="redis"))


def _asked_redis(world: World, i: int, rules: Rules) -> set[World]:
    reader, (first, last) = world.readers[i], _range(world, i)
    oldest = head_at(world.events, reader.head).last_change if rules.redis_by_last_change else 0
    outcomes = set()
    for answer in redis_answers(world, first, last):
        copies = tuple((seq, version) for seq, (as_of, version) in answer if as_of >= oldest)
        if len(copies) == last - first + 1 or (copies and not rules.redis_dense):
            outcomes.add(reader_is(world, i, reader._replace(phase="redis copies", hand=copies)))
        else:
            outcomes.add(_boarded(world, i, rules))
    return outcomes


def _boarded(world: World, i: int, rules: Rules) -> World:
    """SingleFlight.get: the read in flight, or a new one."""
    reader, key = world.readers[i], _flight(world, i, rules)
    process = world.processes[reader.process]
    flights = process.flights if key in dict(process.flights) else tuple(sorted((*process.flights, (key, ()))))
    return process_is(reader_is(world, i, reader._replace(phase="store")), reader.process, process._replace(flights=flights))


def _read_store(world: World, i: int, rules: Rules, name: str) -> Iterator[Step[World]]:
    reader, key = world.readers[i], _flight(world, i, rules)
    process = world.processes[reader.process]
    flights = dict(process.flights)
    riders = [n for n, r in enumerate(world.readers) if _rides(world, n, reader.process, key, rules)]
    rest = process._replace(flights=tuple(flight for flight in process.flights if flight[0] != key))
    if not flights[key]:
        if riders[0] == i:  # the read is one, whoever waits for it
            copies = stored(world.events, key[1], key[2])
            read = process._replace(flights=tuple(sorted({**flights, key: copies}.items())))
            yield f"the store answers {name} with {copies}", process_is(world, reader.process, read)
            if world.fault == "none yet":
                failed = process_is(world, reader.process, rest)
                for n in riders:
                    failed = unanswered(failed, n)
                yield f"{name}: the store cannot answer", failed._replace(fault="over")
        return
    landed = process_is(world, reader.process, rest)
    for n in riders:
        landed = reader_is(landed, n, world.readers[n]._replace(phase="landed", hand=flights[key] or ()))
    if rules.head_before_content:
        yield f"{name} takes what the store gave", _finished(landed, i, flights[key] or (), rules, to_redis=True)
    else:
        yield f"{name} takes what the store gave", reader_is(landed, i, landed.readers[i]._replace(phase="head again"))


def _finished(world: World, i: int, copies: Copies, rules: Rules, *, to_redis: bool = False) -> World | Violation:
    reader = world.readers[i]
    last = _range(world, i)[1]
    if to_redis or reader.phase == "landed":
        members: Shelf = tuple((seq, (reader.head, version)) for seq, version in copies)
        world = written_behind(world, members)
    if reader.phase == "head again":
        last = copies[-1][0]
    return answered(_kept(world, reader.process, reader.run, copies, reader.head, rules), i, copies, last)


def _kept(world: World, i: int, n: int, copies: Copies, as_of: int, rules: Rules) -> World:
    """_Run.keep, of run n of process i."""
    run = (process := world.processes[i]).runs[n]
    if rules.claim and as_of < run.as_of:
        return world
    kept = run._replace(copies=merged(run.copies, copies))
    return process_is(world, i, process._replace(runs=(*process.runs[:n], kept, *process.runs[n + 1 :])))


def _range(world: World, i: int) -> tuple[int, int]:
    last = head_at(world.events, world.readers[i].head).last_message
    return max(1, last - world.readers[i].window + 1), last


def _flight(world: World, i: int, rules: Rules) -> tuple[int, int, int]:
    return (world.readers[i].head if rules.flight_of_this_head else -1, *_range(world, i))


def _rides(world: World, n: int, process: int, key: tuple[int, int, int], rules: Rules) -> bool:
    reader = world.readers[n]
    return reader.process == process and reader.phase == "store" and _flight(world, n, rules) == key
