"""Whoever goes on by another transport, in the middle of a conversation, is given everything once and in order."""

import asyncio
from itertools import count
from random import Random

from pollux_client import Checkpoint, Event, MessageCreated, MessageUpdated, Position, RealtimeProvider
from tests.asking import Api
from tests.clients.following import PATIENCE_S, TRANSPORTS, provider

MESSAGES = 60
EDIT = "mutation($m: ID!, $c: String!) { editMessage(input: {messageId: $m, content: $c}) { message { id } } }"


async def test_a_conversation_heard_by_ever_other_transports(api: Api) -> None:
    channel, random = await api.channel("bob", "carol"), Random(5)
    heard: list[Event] = []
    done = asyncio.Event()
    async with asyncio.timeout(PATIENCE_S), provider(api, "alice", "polling") as alice, provider(api, "bob", "polling") as bob:
        hearing = asyncio.create_task(_hear(api, channel, heard, random, done))
        await asyncio.gather(*(_speak(who, channel, random) for who in (alice, bob)))
        done.set()
        legs = await hearing
        page = await alice.messages(channel, last=200)
    assert legs > 3
    created = [event.message for event in heard if isinstance(event, MessageCreated)]
    assert [message.id for message in created] == [message.id for message in page.messages]
    assert len(created) == 2 * MESSAGES
    newest = {message.seq: message for message in created}
    newest |= {event.message.seq: event.message for event in heard if isinstance(event, MessageUpdated)}
    assert [message.version for message in newest.values()] == [message.version for message in page.messages]


async def _speak(who: RealtimeProvider, channel: str, random: Random) -> None:
    for number in range(MESSAGES):
        sent = await who.send(channel, f"{number}")
        if number % 5 == 0:
            await who.execute(EDIT, {"m": sent.id, "c": f"{number}, mended"})
        await asyncio.sleep(random.uniform(0, 0.05))


async def _hear(api: Api, channel: str, heard: list[Event], random: Random, done: asyncio.Event) -> int:
    """Hear by one transport after the other until all was said, and once more; returns how often."""
    position: Position | None = None
    for leg in count():
        last = done.is_set()
        carol = provider(api, "carol", random.choice(TRANSPORTS), resume=position)
        subscription = carol.subscribe(channel)
        try:
            async with asyncio.timeout(PATIENCE_S if last else random.uniform(0.05, 0.6)):
                async for event in subscription:
                    heard.append(event)
                    if last and isinstance(event, Checkpoint):
                        break
        except TimeoutError:
            assert not last
        finally:
            await carol.close()
        heard += [event async for event in subscription]
        position = carol.position
        if last:
            return leg
    raise AssertionError
