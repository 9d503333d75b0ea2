"""The Python client against the server, over each transport."""

import asyncio
import time

import pytest

from app.identity import Tokens
from models.ids import ChannelId, encode
from models.send import accept_sends
from models.send_plan import Send
from pollux_client import (
    ChannelChanged,
    ChannelRemoved,
    Checkpoint,
    Gap,
    InboxChanged,
    MessageCreated,
    MessageDeleted,
    MessageUpdated,
    NotFound,
    NotificationCreated,
    NotificationUpdated,
    Online,
    Reaction,
    Refused,
    Reset,
    Unauthenticated,
)
from resolvers.message import channel_key
from tests.asking import SECRET, Api, token
from tests.clients.following import PATIENCE_S, TRANSPORTS, contents, first, provider, says, until

EDIT = 'mutation($m: ID!) { editMessage(input: {messageId: $m, content: "edited"}) { message { id } } }'
REACT = 'mutation($m: ID!) { addReaction(input: {messageId: $m, emoji: "👍"}) { message { id } } }'
DELETE = "mutation($m: ID!) { deleteMessage(messageId: $m) { message { id } } }"
LEAVE = "mutation($c: ID!) { leaveChannel(channelId: $c) { channel { id } } }"
READ_ALL = "mutation { markAllNotificationsRead { inbox { unreadCount } } }"

over_each_transport = pytest.mark.parametrize("transport", TRANSPORTS)


@over_each_transport
async def test_a_snapshot_then_what_is_sent(api: Api, transport: str) -> None:
    channel = await api.channel("bob")
    await api.send(channel, "before")
    async with provider(api, "alice", transport) as alice, provider(api, "bob", transport) as bob:
        heard = bob.subscribe(channel)
        snapshot = await until(heard, lambda event: isinstance(event, Checkpoint))
        assert [type(event) for event in snapshot] == [Online, ChannelChanged, MessageCreated, Checkpoint]
        sent = await alice.send(channel, "after")
        (*_, last) = await until(heard, says("after"))
        assert last == MessageCreated(sent, fresh=False)
        assert sent.author.name == "Alice"
        assert (bob.online, bob.error) == (True, None)


@over_each_transport
async def test_edits_reactions_and_deletions_of_what_was_given(api: Api, transport: str) -> None:
    channel = await api.channel("bob")
    message = (await api.send(channel, "first"))["id"]
    async with provider(api, "bob", transport) as bob:
        heard = bob.subscribe(channel)
        await first(heard, Checkpoint)
        await api.ask(EDIT, {"m": message})
        edited = await first(heard, MessageUpdated)
        assert (edited.message.content, edited.message.seq) == ("edited", 1)
        await api.ask(REACT, {"m": message})
        reacted = await first(heard, MessageUpdated)
        assert reacted.message.reactions == (Reaction("👍", 1, viewer_has_reacted=False),)
        await api.ask(DELETE, {"m": message})
        deleted = await first(heard, MessageDeleted)
        assert (deleted.message.content, deleted.message.reactions) == ("", ())
        assert edited.message.version < reacted.message.version < deleted.message.version


@over_each_transport
async def test_replies_mentions_notifications_and_the_inbox(api: Api, transport: str) -> None:
    channel, bob_id = await api.channel("bob"), await api.user_id("bob")
    asked = await api.send(channel, "who?", who="bob")
    async with provider(api, "alice", transport) as alice, provider(api, "bob", transport) as bob:
        heard = bob.subscribe()
        await first(heard, Checkpoint)
        await alice.send(channel, "@bob", reply_to=asked["id"], mentions=[bob_id])
        said = (await first(heard, MessageCreated)).message
        assert (said.reply_to.content, [one.name for one in said.mentions]) == ("who?", ["Bob"])
        told = (await first(heard, NotificationCreated)).notification
        assert (told.actor.name, told.message.cursor, told.message.channel_id) == ("Alice", said.cursor, channel)
        assert (await first(heard, InboxChanged)).inbox.unread_count >= 1
        await bob.execute(READ_ALL)
        assert (await first(heard, NotificationUpdated)).notification.read_at is not None
        assert (await first(heard, InboxChanged)).inbox.unread_count == 0


@over_each_transport
async def test_a_channel_left_is_said_and_the_stream_goes_on(api: Api, transport: str) -> None:
    left, stays = await api.channel("bob"), await api.channel("bob")
    async with provider(api, "bob", transport) as bob:
        heard = bob.subscribe()
        await first(heard, Checkpoint)
        await bob.execute(LEAVE, {"c": left})
        assert (await first(heard, ChannelRemoved)).channel_id == left
        await api.send(left, "secret")
        await api.send(stays, "public")
        assert contents(await until(heard, says("public"))) == ["public"]


@over_each_transport
async def test_a_public_channel_is_followed_without_belonging_and_a_hidden_one_is_removed(api: Api, transport: str) -> None:
    public, hidden = await api.channel(), await api.channel(kind="PRIVATE")
    async with provider(api, "bob", transport) as bob:
        heard, unheard = bob.subscribe(public), bob.subscribe(hidden)
        assert (await first(unheard, ChannelRemoved)).channel_id == hidden
        await api.send(public, "to all")
        assert contents(await until(heard, says("to all"))) == ["to all"]
        with pytest.raises(Refused) as refused:
            await bob.send(public, "me too")
        assert refused.value.code == "NOT_A_MEMBER"
        with pytest.raises(NotFound):
            await bob.send(hidden, "me too")
        with pytest.raises(NotFound):
            await bob.send(encode(ChannelId(10**9)), "me too")


async def test_who_was_away_for_long_is_told_of_the_gap_and_can_fill_it(api: Api) -> None:
    channel = await api.channel("bob")
    await api.send(channel, "first")
    async with provider(api, "bob", "polling") as bob:
        await first(bob.subscribe(channel), Checkpoint)
        position = bob.position
    author = (await api.services.db.rows("SELECT creator_id FROM channels"))[0]["creator_id"]
    await accept_sends(api.services.db, [Send(channel_key(channel), author, f"{index}") for index in range(1100)], 1)
    async with provider(api, "bob", "long-polling", resume=position) as bob:
        events = await until(bob.subscribe(channel), lambda event: isinstance(event, Checkpoint))
        (gap,) = [event for event in events if isinstance(event, Gap)]
        filled = [message.content async for message in bob.fill(gap)]
    assert [*filled, *contents(events)] == [f"{index}" for index in range(1100)]


@over_each_transport
async def test_a_token_alone_resumes_too(api: Api, transport: str) -> None:
    channel = await api.channel("bob")
    await api.send(channel, "given")
    async with provider(api, "bob", transport) as bob:
        await first(bob.subscribe(channel), Checkpoint)
        place = bob.token
    await api.send(channel, "new")
    async with provider(api, "bob", transport, resume=place) as bob:
        assert contents(await until(bob.subscribe(channel), says("new"))) == ["new"]


async def test_another_viewers_token_begins_anew(api: Api) -> None:
    channel = await api.channel("bob")
    async with provider(api, "alice", "polling") as alice:
        await first(alice.subscribe(channel), Checkpoint)
        place = alice.token
    async with provider(api, "bob", "polling", resume=place) as bob:
        assert (await first(bob.subscribe(channel), Reset)).reason == "TOKEN_INVALID"


@over_each_transport
async def test_an_expired_bearer_token_is_got_again(api: Api, transport: str) -> None:
    channel, got = await api.channel("bob"), 0

    async def bearer() -> str:
        nonlocal got
        got += 1
        return token("bob") if got > 1 else Tokens(SECRET).issue("bob", name="Bob", clock_s=lambda: time.time() - 10**8)

    async with provider(api, "bob", transport, token=bearer) as bob:
        heard = bob.subscribe(channel)
        await bob.send(channel, "hi")
        await until(heard, says("hi"))
    assert got == 2


async def test_a_stream_goes_on_with_a_new_bearer_token_when_its_own_expires(api: Api) -> None:
    channel, got = await api.channel("bob"), 0

    async def bearer() -> str:
        nonlocal got
        got += 1
        return token("bob") if got > 1 else Tokens(SECRET).issue("bob", name="Bob", lifetime_s=4)

    async with provider(api, "bob", "websocket", token=bearer) as bob:
        heard = bob.subscribe(channel)
        await first(heard, Checkpoint)
        async with asyncio.timeout(PATIENCE_S):
            while got == 1:  # noqa: ASYNC110  # the clock's turn
                await asyncio.sleep(0.05)
        await api.send(channel, "after")
        assert [type(event) for event in await until(heard, says("after"))] == [ChannelChanged, MessageCreated]


@over_each_transport
async def test_a_bearer_token_that_is_not_believed_ends_it(api: Api, transport: str) -> None:
    async with provider(api, "bob", transport, token="nonsense") as bob:
        with pytest.raises(Unauthenticated):
            await first(bob.subscribe(), Online)
        with pytest.raises(Unauthenticated) as raised:
            await bob.send("c", "hi")
    assert raised.value.extensions["reason"] == "invalid"


async def test_what_is_sent_twice_with_one_key_is_one_message(api: Api) -> None:
    channel = await api.channel()
    async with provider(api, "alice", "polling") as alice:
        one, again = [await alice.send(channel, "hi", client_message_id="k") for _ in range(2)]
        assert one == again
        with pytest.raises(Refused, match="client") as refused:
            await alice.send(channel, "other", client_message_id="k")
        assert refused.value.code == "CONFLICT"
        page = await alice.messages(channel, last=10)
        assert ([message.content for message in page.messages], page.has_previous_page) == (["hi"], False)


async def test_while_online_latency_is_measured(api: Api) -> None:
    channel = await api.channel("bob")
    reported: list[tuple[str, int]] = []
    await api.send(channel, "before")
    async with provider(api, "bob", "long-polling", on_latency=lambda kind, ms: reported.append((kind, ms))) as bob:
        heard = bob.subscribe(channel)
        await first(heard, Checkpoint)
        await api.send(channel, "now")
        await until(heard, says("now"))
        assert bob.latency().count == 1
        assert reported == [("MESSAGE", bob.latency().p50_ms)]
