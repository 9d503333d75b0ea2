"""The Python client against the server, over each transport."""

import pytest

from pollux_client import ChannelChanged, Checkpoint, MessageCreated, Online
from tests.asking import Api
from tests.clients.following import provider, says, until

TRANSPORTS = ["polling", "long-polling"]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_snapshot_then_what_is_sent(api: Api, transport: str) -> None:
    channel = await api.channel("bob")
    await api.send(channel, "before")
    async with provider(api, "alice", transport) as alice, provider(api, "bob", transport) as bob:
        heard = bob.subscribe(channel)
        first = await until(heard, lambda event: isinstance(event, Checkpoint))
        assert [type(event) for event in first] == [Online, ChannelChanged, MessageCreated, Checkpoint]
        sent = await alice.send(channel, "after")
        (*_, last) = await until(heard, says("after"))
        assert last == MessageCreated(sent, fresh=False)
        assert sent.author.name == "Alice"
        assert bob.online
        assert bob.error is None
