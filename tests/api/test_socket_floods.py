"""Messages without end on one WebSocket: others have their turn between them."""

import asyncio
from typing import Any

import pytest

from app.graphql_request import LONGEST_NAME
from app.socket import MESSAGES_A_TURN, _Conversation
from tests.api.streaming import connected
from tests.asking import Api


async def test_others_have_their_turn_between_messages_that_came_together(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds, read_in = 0, []
    read = _Conversation.handle_ping

    async def counting() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            await asyncio.sleep(0)

    async def handle_ping(self: _Conversation, message: Any) -> None:
        read_in.append(rounds)
        await read(self, message)

    monkeypatch.setattr(_Conversation, "handle_ping", handle_ping)
    async with connected(api) as socket:
        others = asyncio.create_task(counting())
        writer = socket.ws._writer
        for _ in range(20 * MESSAGES_A_TURN):
            await writer.send_frame(b'{"type":"ping"}', 1)
        for _ in range(20 * MESSAGES_A_TURN):
            assert await socket.hear() == {"type": "pong"}
        others.cancel()
    assert max(read_in.count(one) for one in set(read_in)) <= MESSAGES_A_TURN


@pytest.mark.parametrize("name", ["x" * LONGEST_NAME, "", "이름"])
async def test_a_name_of_some_length_comes_back_with_each_result(api: Api, name: str) -> None:
    async with connected(api) as socket:
        await socket.subscribe(name=name)
        await socket.page(name)
