"""Two protocols that others use, as controls: cache-aside with invalidation after the commit, and a head in Redis.

Rule: they are given what they ask for. Their writers acknowledge only after Redis was told, or could not be; a page or
head is put into Redis and taken from it in one step. Key 0 of the shelf is the page, key -1 the head; the value is the
event it is as of.
"""

from collections.abc import Iterator

from tests.model.explore import Step, Violation
from tests.model.parts import (
    World,
    Writer,
    acknowledged,
    answered,
    committed,
    head_at,
    placed,
    reachable,
    reader_is,
    redis_steps,
    stored,
    writer_is,
)

PAGE, HEAD = 0, -1


def cache_aside(world: World) -> Iterator[Step[World]]:
    """Redis holds the page; a writer deletes it after its commit, a reader who misses it puts back what it read."""
    yield from _steps(world, PAGE)


def head_in_redis(world: World) -> Iterator[Step[World]]:
    """Redis holds the head, which only grows; a writer puts it after its commit, a reader who misses it likewise."""
    yield from _steps(world, HEAD)


def _steps(world: World, key: int) -> Iterator[Step[World]]:
    for i, writer in enumerate(world.writers):
        if writer.phase == "told":
            done = writer_is(world, i, Writer(writer.process, writer.program[1:]))
            yield f"writer {i}: event {writer.event} is acknowledged", acknowledged(done, writer.event)
        elif writer.phase == "tell":
            told = writer_is(world, i, writer._replace(phase="told"))
            yield f"writer {i} tells Redis of event {writer.event}", _tell(told, key, writer.event)
        elif writer.program and (after := committed(world, i)) is not None:
            event = len(after.events)
            yield f"writer {i} commits event {event}", writer_is(after, i, writer._replace(phase="tell", event=event))
    for i, reader in enumerate(world.readers):
        kept = dict(world.shelf).get(key) if reachable(world) else None
        if reader.phase == "store":
            read = reader_is(world, i, reader._replace(phase="fill", head=len(world.events)))
            yield f"reader {i} reads the store as of event {len(world.events)}", read
        elif reader.phase == "fill":
            filled = _put(world, key, reader.head) if reachable(world) else world
            yield f"reader {i} puts event {reader.head} into Redis", _shown(filled, i, reader.head)
        elif reader.polls:
            polling = reader_is(world, i, reader._replace(phase="store", floor=world.acked))
            if kept is None:
                yield f"reader {i} begins a poll, Redis has nothing", polling
            else:
                yield f"reader {i} begins a poll, Redis has event {kept[0]}", _shown(polling, i, kept[0])
    yield from redis_steps(world)


def _tell(world: World, key: int, event: int) -> World:
    if not reachable(world):
        return world
    if key == PAGE:
        return world._replace(shelf=tuple(member for member in world.shelf if member[0] != PAGE))
    return _put(world, key, event)


def _put(world: World, key: int, event: int) -> World:
    newest = max(event, dict(world.shelf).get(key, (0, 0))[0]) if key == HEAD else event
    return world._replace(shelf=placed(world.shelf, ((key, (newest, newest)),)))


def _shown(world: World, i: int, event: int) -> World | Violation:
    """Answer reader i with the channel as it was at `event`."""
    last = head_at(world.events, event).last_message
    first = max(1, last - world.readers[i].window + 1)
    return answered(world, i, stored(world.events[:event], first, last), last)
