"""Who takes part in a load, and how they come into their rooms before it begins."""

from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field

from tests.faults.history.readers import Reader
from tests.faults.history.records import Kind
from tests.faults.history.roamers import host, open_room, roam
from tests.faults.history.session import Load, Person
from tests.faults.history.wanderers import Wanderer
from tests.faults.history.writers import Writer

SCHEMA = '{ __type(name: "Mutation") { fields { name } } }'
ROAMERS = 2
HOSTS = 2
WANDERERS = 2


@dataclass(slots=True)
class Cast:
    """Everybody in their place. `rooms` are all that are opened, also later, each with one who may read it."""

    rooms: list[tuple[Person, str]]
    writers: list[Writer] = field(default_factory=list)
    readers: list[Reader] = field(default_factory=list)
    roamers: list[Person] = field(default_factory=list)
    hosts: list[tuple[Person, Person, str]] = field(default_factory=list)
    wanderers: list[Wanderer] = field(default_factory=list)

    def work(self) -> Iterator[Coroutine[object, object, None]]:
        """Give what each of them does until the load stops."""
        public = list(self.rooms)
        yield from (writer.run() for writer in self.writers)
        yield from (reader.run() for reader in self.readers)
        yield from (roam(roamer, public[n % len(public)][1]) for n, roamer in enumerate(self.roamers))
        yield from (host(*pair, self.rooms) for pair in self.hosts)
        yield from (wanderer.run() for wanderer in self.wanderers)


class People:
    """Makes persons, and closes their connections in the end."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._made: list[Person] = []

    async def enter(self) -> Cast:
        """Open the rooms and let everybody in."""
        plan = self._load.plan
        owner = await self._introduced("owner")
        cast = Cast([(owner, await open_room(owner, f"room {number}")) for number in range(plan.rooms)])
        schema = await owner.ask(SCHEMA, {}, process=0)
        edits = not plan.loses and any(one["name"] == "editMessage" for one in schema.data["__type"]["fields"])
        for number in range(plan.writers):
            writer = Writer(await self._introduced(f"w{number}"), cast.rooms[number % plan.rooms][1], edits=edits)
            await writer.move(Kind.JOIN)
            cast.writers.append(writer)
        for number in range(plan.readers):
            person, room = await self._introduced(f"p{number}"), cast.rooms[number % plan.rooms][1]
            await Writer(person, room).move(Kind.JOIN)
            cast.readers.append(Reader(person, room, person.who))
        cast.roamers = [await self._introduced(f"r{number}") for number in range(0 if plan.loses else ROAMERS)]
        for number in range(0 if plan.loses else HOSTS):
            guest = self._person(f"g{number}")
            guest_id = await Writer(guest, "").introduce()
            cast.hosts.append((await self._introduced(f"h{number}"), guest, guest_id))
        for number in range(WANDERERS):
            person, rooms = await self._introduced(f"c{number}"), [room for _, room in cast.rooms]
            for room in rooms:
                await Writer(person, room).move(Kind.JOIN)
            cast.wanderers.append(Wanderer(person, rooms))
            await cast.wanderers[-1].enter()
        return cast

    def close(self) -> None:
        """Close the connections of everybody."""
        for person in self._made:
            person.close()

    async def _introduced(self, who: str) -> Person:
        person = self._person(who)
        await Writer(person, "").introduce()
        return person

    def _person(self, who: str) -> Person:
        person = Person(self._load, who)
        self._made.append(person)
        return person
