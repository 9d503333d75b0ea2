"""`server.py serve`: from nothing to a running server, and what a newcomer is told."""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from app.demo import DEMO_USERS, fill_empty_database
from app.embedded_valkey import EmbeddedValkey, available, prepare
from app.settings import Settings
from app.supervisor import Supervisor, listen
from app.wiring import tokens_of
from models import ids
from models.clock import wall_clock_us
from models.database import Database
from models.migrate import migrate
from models.tasks import end

log = logging.getLogger("pollux.serve")

READY_S = 30.0


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, which end the start too. Raises PortTaken, Unavailable."""
    listener = listen(settings)
    on_terminal = sys.stdin is not None and sys.stdin.isatty()
    async with AsyncExitStack() as stack:
        measures = Path(stack.enter_context(TemporaryDirectory(prefix="pollux-measures-")))
        supervisor = Supervisor(settings, listener, measures)
        starting = asyncio.create_task(_start(settings, stack), name="start")

        def stop() -> None:
            starting.cancel()
            supervisor.stop()

        # From the first moment: the first process of a container never hears of a signal that it does not handle.
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(signal_number, stop)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _hangup, supervisor, on_terminal)
        await asyncio.wait([starting])
        if starting.cancelled() or supervisor.stopping:
            return
        greeting = asyncio.create_task(_greet(settings, listener, starting.result()), name="greeting")
        await supervisor.run()
        await end(greeting)


async def _start(settings: Settings, stack: AsyncExitStack) -> int | None:
    """Make ready what workers need; returns the demo channel, if there is one."""
    if settings.redis_url is None:
        await _start_valkey(settings, stack)
    applied = await migrate(settings.database_url, wall_clock_us())
    if applied:
        log.info("migrations applied: %s", ", ".join(applied))
    return await _demo_channel(settings)


def _hangup(supervisor: Supervisor, on_terminal: bool) -> None:
    """Reload; but end where SIGHUP says that the terminal is gone, which then is none any longer."""
    if on_terminal and not os.isatty(0):
        supervisor.stop()
    else:
        supervisor.reload()


async def _start_valkey(settings: Settings, stack: AsyncExitStack) -> None:
    if not available():
        log.warning("there is no embedded Valkey for this machine; running as with REDIS_URL=none")
        return
    prepare(settings.var_folder)
    valkey = EmbeddedValkey(settings.var_folder)
    task = asyncio.create_task(valkey.run(), name="valkey")

    async def end_valkey() -> None:
        await end(task)

    stack.push_async_callback(end_valkey)
    await asyncio.wait([asyncio.ensure_future(valkey.ready()), task], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        log.error("the embedded Valkey cannot be started", exc_info=task.exception())
    elif not await valkey.ready(0.1):
        log.warning("the embedded Valkey does not answer; going on without it until it does")


async def _demo_channel(settings: Settings) -> int | None:
    if not settings.hands_out_tokens:
        return None
    db = await Database.open(settings.database_url)
    try:
        return await fill_empty_database(db, settings.jwt_issuer or "", wall_clock_us)
    finally:
        await db.close()


async def _greet(settings: Settings, listener: socket.socket, channel_id: int | None) -> None:
    """Say where the server is, once it answers."""
    host, port = listener.getsockname()[:2]
    started_s = time.monotonic()
    while not await _ready(host, port):  # another process's socket signals nothing
        await asyncio.sleep(0.05)
        if time.monotonic() - started_s > READY_S:
            log.error("not ready after %.0f s; GET /readyz says which part is not", READY_S)
            return
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    log.info("ready at %s", url)
    if settings.hands_out_tokens:
        print(_welcome(settings, url, channel_id), flush=True)  # noqa: T201  # for the person at the terminal, not for logs


async def _ready(host: str, port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    try:
        writer.write(b"GET /readyz HTTP/1.0\r\n\r\n")
        return b" 200 " in await reader.readline()
    except OSError:
        return False
    finally:
        writer.close()


SEND = (
    'mutation($c: ID!) { sendMessage(input: {channelId: $c, content: \\"Hello\\"})'
    " { message { seq cursor } userErrors { message } } }"
)
POLL = (
    "query($c: ID!) { messages(channelId: $c) { nodes { seq content author { name } }"
    " pageInfo { endCursor } pollingInterval { milliseconds } } }"
)


def _welcome(settings: Settings, url: str, channel_id: int | None) -> str:
    tokens = {name: tokens_of(settings).issue(name.lower(), name=name) for name in DEMO_USERS}
    first, second = DEMO_USERS
    lines = [
        "",
        f"  Chat       {url}/?as={first.lower()}   (and beside it, as somebody else: {url}/?as={second.lower()})",
        f"  GraphiQL   {url}/graphql",
        f"  API        {url}/graphql   (health: {url}/readyz)",
        "",
    ]
    for name, token in tokens.items():
        lines += [f"  Token of {name}:", f"  {token}", ""]
    if channel_id is not None:
        channel = ids.encode(ids.ChannelId(channel_id))
        sender, poller = tokens.values()
        lines += [f"  The channel #general is {channel}. Send a message, then poll it:", ""]
        lines += [_curl(url, sender, SEND, channel), "", _curl(url, poller, POLL, channel), ""]
        lines += ['  Ask again with messages(channelId: $c, after: "the endCursor") for what is new.', ""]
    return "\n".join(lines)


def _curl(url: str, token: str, query: str, channel: str) -> str:
    return (
        f"  curl -s {url}/graphql -H 'Content-Type: application/json' -H 'Authorization: Bearer {token}' \\\n"
        f'    -d \'{{"query": "{query}", "variables": {{"c": "{channel}"}}}}\''
    )
