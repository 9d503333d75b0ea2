"""A scripted server for every test that asks for one."""

from typing import Any

import pytest
from pytest_aiohttp import AiohttpServer
from scripted_server import Script
from waiting import Follow

from pollux_client import RealtimeProvider, create_realtime_provider


@pytest.fixture
def follow(aiohttp_server: AiohttpServer) -> Follow:
    async def start(script: Script, *, transport: str = "polling", **more: Any) -> RealtimeProvider:
        server = await aiohttp_server(script.app())
        return create_realtime_provider(str(server.make_url("/graphql")), transport=transport, **{"token": "t", **more})

    return start
