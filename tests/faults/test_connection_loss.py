"""PostgreSQL ends our connections at any moment: what was sent once is stored at most once, what was acknowledged is there."""

import asyncio
from collections import Counter
from collections.abc import Callable

import asyncpg

from app.settings import Settings
from app.wiring import open_services
from models.channel import ChannelKind
from models.errors import Unavailable
from models.message import MessageRecord, messages_between
from models.open_channel import NewChannel, open_channel
from models.send_plan import Send
from models.user import Claims, admit
from tests.asking import SECRET
from tests.conftest import fresh_postgres_database
from tests.servers.postgres import Postgres

SENDERS = 60
ROUNDS = 60
ENOUGH = 60
# On a machine that is busy with other things, sends are few between two rounds.
MOST_ROUNDS = 600


async def _end_connections(server: Postgres, database: str, acknowledged: Callable[[], int]) -> int:
    """End every connection to a database, again and again, until enough was acknowledged; returns how often."""
    administrator = await asyncpg.connect(server.url("postgres"))
    rounds = 0
    while rounds < ROUNDS or (acknowledged() < ENOUGH and rounds < MOST_ROUNDS):
        await administrator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database)
        rounds += 1
        await asyncio.sleep(0.05)
    await administrator.close()
    return rounds


async def test_a_send_without_a_key_is_stored_at_most_once_while_connections_die(postgres: Postgres) -> None:
    url = await fresh_postgres_database(postgres)
    settings = Settings.model_validate({"database_url": url, "redis_url": "none", "POLLUX_JWT_SECRET": SECRET})
    async with open_services(settings) as (services, _):
        author = await admit(services.db, Claims("a" * 32, "Alice", None, 1), 1)
        channels = [
            await open_channel(services.db, NewChannel(ChannelKind.PUBLIC, f"c{i}", "", author, (), None), 1) for i in range(6)
        ]
        outcomes: dict[str, object] = {}
        stopped = False

        async def send(sender: int) -> None:
            index = 0
            while not stopped:
                content, index = f"{sender}-{index}", index + 1
                try:
                    outcomes[content] = await services.sends.send(Send(channels[sender % len(channels)], author, content))
                except Exception as error:  # noqa: BLE001  # each is looked at below
                    outcomes[content] = error

        senders = [asyncio.create_task(send(sender)) for sender in range(SENDERS)]
        database = url.text.rsplit("/", 1)[1]
        rounds = await _end_connections(
            postgres, database, lambda: sum(isinstance(outcome, MessageRecord) for outcome in outcomes.values())
        )
        stopped = True
        await asyncio.gather(*senders)
        stored: Counter[str] = Counter()
        for channel in channels:
            stored.update(message.content for message in await messages_between(services.db, channel, 1, 10**9))
    acknowledged = {content for content, outcome in outcomes.items() if isinstance(outcome, MessageRecord)}
    strange = [outcome for outcome in outcomes.values() if not isinstance(outcome, MessageRecord | Unavailable)]
    assert rounds >= ROUNDS
    assert len(acknowledged) >= ENOUGH
    assert strange == []
    assert [content for content, times in stored.items() if times > 1] == []
    assert acknowledged - stored.keys() == set()
