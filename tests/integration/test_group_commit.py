"""Group commit: dense numbers whatever is queued, refused or gone away."""

import asyncio

import pytest

from models.channel import ChannelKind
from models.clock import wall_clock_us
from models.database import Database
from models.errors import Mistake
from models.event import EventKind
from models.manage_members import remove_channel_member
from models.member import ChannelRole, add_members
from models.membership import leave_channel
from models.message import MessageRecord, messages_between
from models.open_channel import NewChannel, open_channel
from models.send_plan import Send
from models.send_queue import SendQueue
from models.user import Claims, admit
from resolvers.services import Services


async def _room(db: Database, people: int = 2) -> tuple[int, list[int]]:
    users = [await admit(db, Claims(f"{i:032x}", f"u{i}", None, 1), 1) for i in range(people)]
    channel = await open_channel(db, NewChannel(ChannelKind.PUBLIC, "room", "", users[0], tuple(users[1:]), None), 1)
    return channel, users


async def _contents(db: Database, channel: int) -> list[str]:
    return [message.content for message in await messages_between(db, channel, 1, 10**6)]


async def test_two_processes_worth_of_writers_number_one_channel_without_gaps(services: Services) -> None:
    channel, users = await _room(services.db)
    writers = [SendQueue(services.db, wall_clock_us) for _ in range(2)]
    sent = await asyncio.gather(*(writers[i % 2].send(Send(channel, users[i % 2], f"{i}")) for i in range(200)))
    assert sorted(message.seq for message in sent) == list(range(1, 201))
    assert len({message.version for message in sent}) == 200


async def test_a_batch_that_fails_on_one_row_stores_its_neighbours(services: Services) -> None:
    """A row that only the database refuses: screening would have caught NUL, were it not left out here."""
    channel, users = await _room(services.db)
    sends = [Send(channel, users[0], f"{i}" if i != 7 else "\ud800") for i in range(20)]
    outcomes = await asyncio.gather(*(services.sends.send(send) for send in sends), return_exceptions=True)
    assert [i for i, outcome in enumerate(outcomes) if not isinstance(outcome, MessageRecord)] == [7]
    assert await _contents(services.db, channel) == [f"{i}" for i in range(20) if i != 7]


async def test_a_sender_who_goes_away_cancels_nothing(services: Services) -> None:
    channel, users = await _room(services.db)
    gone = asyncio.create_task(services.sends.send(Send(channel, users[0], "gone")))
    stays = asyncio.create_task(services.sends.send(Send(channel, users[0], "stays")))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await stays).content == "stays"
    await services.sends.close()
    assert await _contents(services.db, channel) == ["gone", "stays"]


async def test_who_left_while_their_send_was_queued_is_refused_alone(services: Services) -> None:
    channel, users = await _room(services.db)
    async with services.db.transaction() as tx:
        await tx.run(f"SELECT id FROM channels WHERE id = $1{tx.dialect.row_lock}", channel)
        queued = [asyncio.create_task(services.sends.send(Send(channel, user, "late"))) for user in users]
        await asyncio.sleep(0.05)
        await tx.run("DELETE FROM channel_members WHERE channel_id = $1 AND user_id = $2", channel, users[1])
    outcomes = await asyncio.gather(*queued, return_exceptions=True)
    assert isinstance(outcomes[0], MessageRecord)
    assert isinstance(outcomes[1], Mistake)
    assert await _contents(services.db, channel) == ["late"]


async def test_of_sends_that_race_with_the_removal_of_their_author_those_before_it_are_kept_and_no_other(
    services: Services,
) -> None:
    channel, users = await _room(services.db)
    elsewhere = SendQueue(services.db, wall_clock_us)
    accepted: list[MessageRecord] = []
    refused: list[str] = []
    some_are_in = asyncio.Event()

    async def go_on_sending(queue: SendQueue, name: str) -> None:
        for number in range(1000):
            try:
                accepted.append(await queue.send(Send(channel, users[1], f"{name} {number}")))
            except Mistake:
                refused.append(f"{name} {number}")
                return
            if len(accepted) >= 10:
                some_are_in.set()

    writers = [
        asyncio.create_task(go_on_sending(queue, f"{of} {number}"))
        for of, queue in enumerate((services.sends, elsewhere))
        for number in range(8)
    ]
    await some_are_in.wait()
    await remove_channel_member(services.db, channel, users[0], users[1], 2)
    await asyncio.gather(*writers)
    assert len(refused) == len(writers)
    removal = await services.db.rows(
        "SELECT number FROM channel_events WHERE channel_id = $1 AND kind = $2", channel, EventKind.MEMBER_LEFT.value
    )
    assert all(message.version < removal[0]["number"] for message in accepted)
    assert sorted(await _contents(services.db, channel)) == sorted(message.content for message in accepted)


async def test_the_plain_way_one_transaction_a_message_gives_the_same_order(services: Services) -> None:
    channel, users = await _room(services.db)
    plain = SendQueue(services.db, wall_clock_us, max_batch=1)
    sent = await asyncio.gather(*(plain.send(Send(channel, users[0], f"{i}")) for i in range(30)))
    assert [message.seq for message in sent] == list(range(1, 31))
    assert await _contents(services.db, channel) == [f"{i}" for i in range(30)]


async def test_joins_and_sends_share_one_dense_order_of_events(services: Services) -> None:
    channel, users = await _room(services.db, people=1)
    others = [await admit(services.db, Claims(f"{i:032x}", f"o{i}", None, 1), 1) for i in range(100, 110)]

    async def come_and_go(user: int) -> None:
        async with services.db.transaction() as tx:
            await tx.run(f"SELECT id FROM channels WHERE id = $1{tx.dialect.row_lock}", channel)
            await add_members(tx, channel, [user], role=ChannelRole.MEMBER, at_seq=0, now_us=1)
        await leave_channel(services.db, channel, user, 1)

    await asyncio.gather(
        *(come_and_go(user) for user in others), *(services.sends.send(Send(channel, users[0], "x")) for _ in range(20))
    )
    rows = await services.db.rows("SELECT number FROM channel_events WHERE channel_id = $1 ORDER BY number", channel)
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize("count", [1, 300])
async def test_a_batch_is_bounded(services: Services, count: int) -> None:
    channel, users = await _room(services.db)
    await asyncio.gather(*(services.sends.send(Send(channel, users[0], f"{i}")) for i in range(count)))
    assert len(await _contents(services.db, channel)) == count
