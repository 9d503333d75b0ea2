"""Sends per second on one hot channel: group commit against one transaction a message, side by side.

Rounds are interleaved and the table shows their medians; both ways run the same code, `max_batch` alone differs.
"""

import asyncio
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from benchmarks.machine import described
from models.channel import ChannelKind
from models.clock import wall_clock_us
from models.database import Database
from models.group_commit import MAX_BATCH
from models.migrate import migrate
from models.open_channel import NewChannel, open_channel
from models.send_plan import Send
from models.send_queue import SendQueue
from models.store_url import StoreUrl
from models.user import Claims, admit
from tests.servers.postgres import Postgres

ROUNDS = 3
SECONDS = 3.0
CONTENT = "hello world " * 8


async def measure(db: Database, channel: int, author: int, *, senders: int, max_batch: int) -> tuple[float, float]:
    """Return sends a second and the 99th percentile of a send in milliseconds."""
    sends = SendQueue(db, wall_clock_us, max_batch=max_batch)
    latencies: list[float] = []
    stop = time.perf_counter() + SECONDS

    async def sender() -> None:
        while (start := time.perf_counter()) < stop:
            await sends.send(Send(channel, author, CONTENT))
            latencies.append(time.perf_counter() - start)

    start = time.perf_counter()
    await asyncio.gather(*(sender() for _ in range(senders)))
    return len(latencies) / (time.perf_counter() - start), 1000 * statistics.quantiles(latencies, n=100)[98]


async def compare(url: StoreUrl, name: str) -> None:
    """Print the table of one store."""
    await migrate(url, wall_clock_us())
    db = await Database.open(url)
    author = await admit(db, Claims("a" * 32, "Alice", None, 1), 1)
    results: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for number in range(ROUNDS):
        for senders in (32, 200):
            for max_batch in (1, MAX_BATCH):
                new = NewChannel(ChannelKind.PUBLIC, f"hot {number} {senders} {max_batch}", "", author, (), None)
                channel = await open_channel(db, new, 1)
                results.setdefault((senders, max_batch), []).append(
                    await measure(db, channel, author, senders=senders, max_batch=max_batch)
                )
    await db.close()
    print(f"\n{name}\n")
    print("| senders | one transaction a message: sends/s, p99 ms | group commit: sends/s, p99 ms | ratio |")
    print("|---|---|---|---|")
    for senders in (32, 200):
        (plain, plain_p99), (group, group_p99) = (_medians(results[senders, batch]) for batch in (1, MAX_BATCH))
        print(f"| {senders} | {plain:,.0f}, {plain_p99:.0f} | {group:,.0f}, {group_p99:.0f} | {group / plain:.1f} |")


def _medians(rounds: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(rate for rate, _ in rounds), statistics.median(p99 for _, p99 in rounds)


async def main() -> None:
    """Measure both stores."""
    print(f"Group commit on one hot channel; {described()}; medians of {ROUNDS} interleaved rounds of {SECONDS:.0f} s")
    server = Postgres(fsync=True).start()
    try:
        administrator = await asyncpg.connect(server.url("postgres"))
        await administrator.execute("CREATE DATABASE bench")
        await administrator.close()
        await compare(StoreUrl.parse(server.url("bench")), "PostgreSQL, fsync on")
    finally:
        server.remove()
    with TemporaryDirectory() as folder:
        await compare(StoreUrl.parse(f"sqlite://{Path(folder) / 'pollux.db'}"), "SQLite, synchronous=FULL")


if __name__ == "__main__":
    asyncio.run(main())
