"""Those who come and go: in a public room by their own will, in a private one as guests who leave for good.

Rule: while somebody moves, their own readers keep asking, so that every move is looked at from before and after.
"""

import asyncio

from tests.faults.history.readers import Reader
from tests.faults.history.records import Attempt, Kind, Outcome
from tests.faults.history.session import Person
from tests.faults.history.writers import Writer

OPEN = "mutation($i: CreateChannelInput!) { createChannel(input: $i) { channel { id } userErrors { code } } }"
# A guest's readers ask this often after leaving.
LOOKS_AFTER = 3
BETWEEN_S = 0.15


async def open_room(person: Person, name: str, *, guests: tuple[str, ...] = ()) -> str:
    """Open a room, private where there are guests (node ids); returns its id."""
    room = {"name": name, "clientChannelId": name}
    if guests:
        room |= {"kind": "PRIVATE", "memberIds": list(guests)}  # type: ignore[dict-item]  # the only value that is no text

    async def attempt() -> str | None:
        reply = await person.ask(OPEN, {"i": room})
        if reply.code:
            return None
        return str(reply.data["createChannel"]["channel"]["id"])

    opened: str = await person.until(attempt)
    return opened


async def roam(person: Person, channel: str) -> None:
    """Join and leave a public room until the load stops; what is sent from outside must be refused."""
    writer, reader = Writer(person, channel), Reader(person, channel, f"{person.who}-looks")
    looking = asyncio.create_task(_look(reader))
    while not person.load.stopping:
        await writer.move(Kind.JOIN)
        await person.pause(BETWEEN_S)
        await writer.move(Kind.LEAVE)
        # The control that forgets sends acknowledges them unseen, from wherever they come.
        if await writer.send() is not Outcome.REFUSED and person.load.plan.control is None:
            raise RuntimeError(f"{person.who} sent to {channel} from outside")
        await person.pause(BETWEEN_S)
    await looking


async def host(person: Person, guest: Person, guest_id: str, rooms: list[tuple[Person, str]]) -> None:
    """Open one private room after the other, talk to the guest, and go on talking when the guest has left."""
    number = 0
    while not person.load.stopping:
        number += 1
        began = person.load.random.random()  # names must differ between loads on one database
        room = await open_room(person, f"{person.who} {number} {began}", guests=(guest_id,))
        person.load.history.private.add(room)
        _invited(guest, room)
        rooms.append((person, room))
        readers = [asyncio.create_task(_visit(Reader(guest, room, f"{guest.who}-{which}"))) for which in range(2)]
        writer, leaver = Writer(person, room), Writer(guest, room)
        for _ in range(3):
            await writer.send()
        await person.pause(BETWEEN_S)
        await leaver.move(Kind.LEAVE)
        for _ in range(3):
            await writer.send()
        await asyncio.gather(*readers)


def _invited(guest: Person, room: str) -> None:
    log = guest.load.history.attempts
    now_s = log[-1].ended_s
    log.append(Attempt(Kind.JOIN, guest.who, room, "", "", now_s, now_s, Outcome.ACKED, 0))


async def _look(reader: Reader) -> None:
    while not reader.person.load.stopping:
        await reader.newest()
        await reader.person.pause(BETWEEN_S / 3)


async def _visit(reader: Reader) -> None:
    shut = 0
    while shut < LOOKS_AFTER:
        answer = await (reader.newest() if reader.person.load.random.random() < 0.3 else reader.follow())
        shut += answer is not None and not answer.visible
        await reader.person.pause(BETWEEN_S / 5)
