"""What befalls the parts: each fault is one round, from breaking something to its being mended.

Rule: a round ends when the part is there again, not when it was told to come. Sleeps are how long a fault lasts; nothing
is concluded from them.
"""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable

import asyncpg

from tests.faults.history.epochs import Loss
from tests.faults.history.lab import Lab
from tests.servers.postgres import Postgres

Fault = Callable[[Lab], Awaitable[None]]

OUTAGE_S = 0.7
PAUSE_S = 1.0
LAG_S = 1.0
STORM_S = 1.5
ROW_LOCK_S = 1.5
TERMINATE_EVERY_S = 0.2
FLUSH_EVERY_S = 0.01

_TERMINATE = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


async def nothing(_lab: Lab) -> None:
    """The round of a scenario that only runs."""
    await asyncio.sleep(STORM_S)


async def kill_worker(lab: Lab) -> None:
    """Kill -9 the workers in turn, in the middle of whatever they are sending."""
    server = lab.servers[len(lab.windows) % len(lab.servers)]
    worker = lab.worker(server)
    assert worker is not None, "a server has no worker"
    with lab.window():
        os.kill(worker, signal.SIGKILL)
        while lab.worker(server) in (worker, None):  # noqa: ASYNC110  # another process's children signal nothing
            await asyncio.sleep(0.02)
        await lab.ready(server)


async def pause_worker(lab: Lab) -> None:
    """Stop a worker in its tracks; when it goes on, its copies are older than it knows."""
    worker = lab.worker(lab.servers[len(lab.windows) % len(lab.servers)])
    assert worker is not None, "a server has no worker"
    with lab.window():
        os.kill(worker, signal.SIGSTOP)
        try:
            await asyncio.sleep(PAUSE_S)
        finally:
            os.kill(worker, signal.SIGCONT)


async def redeploy(lab: Lab) -> None:
    """Let one server replace its workers, then stop the other as operators do and start it again."""
    first, second = lab.servers[:: 1 - 2 * (len(lab.windows) % 2)]
    before = first.children(named="app.worker")
    assert before, "a server has no worker"
    assert first.process is not None
    with lab.window():
        first.process.send_signal(signal.SIGHUP)
        while set(before) & set(first.children(named="app.worker")):  # noqa: ASYNC110  # another process's children signal nothing
            await asyncio.sleep(0.02)
        assert await asyncio.to_thread(second.stop) == 0
        await asyncio.to_thread(second.start)


async def restart_postgres(lab: Lab) -> None:
    """Stop PostgreSQL as a crash does, and start it again."""
    postgres = _postgres(lab)
    with lab.window():
        postgres.stop(immediately=True)
        await asyncio.sleep(OUTAGE_S)
        postgres.start()


async def promote_standby(lab: Lab) -> None:
    """Stop PostgreSQL as a crash does, for good, and let its standby take over; then that one is given a standby."""
    followed = lab.followed
    assert followed is not None, "this fault needs a standby"
    with lab.window():
        followed.fall()
        await asyncio.sleep(OUTAGE_S)
        await asyncio.to_thread(followed.take_over)
    await asyncio.to_thread(followed.follow)


async def promote_lagging(lab: Lab) -> None:
    """Cut the standby off for a while in which everything is acknowledged, and let it take over without that."""
    followed = lab.followed
    assert followed is not None, "this fault needs a standby"
    kept_s = await asyncio.to_thread(followed.cut_off)
    await asyncio.sleep(LAG_S)
    with lab.window():
        followed.fall()
        await asyncio.sleep(OUTAGE_S)  # what the primary had still answered reaches its clients
        lab.losses.append(Loss(kept_s, await asyncio.to_thread(followed.take_over)))
    await asyncio.to_thread(followed.follow)


async def terminate_backends(lab: Lab) -> None:
    """End every connection to PostgreSQL every 200 ms."""
    with lab.window():
        connection = await asyncpg.connect(_postgres(lab).url("template1"))
        try:
            ended, ends_s = 0, time.monotonic() + STORM_S
            while time.monotonic() < ends_s:
                ended += await connection.fetchval(_TERMINATE)
                await asyncio.sleep(TERMINATE_EVERY_S)
            assert ended, "nothing was connected"
        finally:
            await connection.close()


async def lock_a_row(lab: Lab) -> None:
    """Hold the row of the busiest channel for 1.5 s: its sends wait, and its polls must not."""
    with lab.window():
        connection = await asyncpg.connect(_postgres(lab).url("postgres"))
        try:
            async with connection.transaction():
                await connection.execute("SELECT id FROM channels ORDER BY last_message DESC LIMIT 1 FOR UPDATE")
                await asyncio.sleep(ROW_LOCK_S)
        finally:
            await connection.close()


async def kill_valkey(lab: Lab) -> None:
    """Kill Valkey; it comes back empty."""
    with lab.window():
        lab.valkey.kill()
        await asyncio.sleep(OUTAGE_S)
        lab.valkey.start()


async def fail_over(lab: Lab) -> None:
    """Kill the Valkey that is primary, until the Sentinels have put its replica in its place and it is back as a replica."""
    assert lab.sentinels is not None
    with lab.window():
        await asyncio.to_thread(lab.sentinels.fail_over)
        await asyncio.to_thread(lab.sentinels.rejoin)


async def kill_cluster_node(lab: Lab) -> None:
    """Kill one node of the cluster after another, for a while each."""
    assert lab.cluster is not None
    for port in lab.cluster.ports:
        with lab.window():
            lab.cluster.kill_node(port)
            await asyncio.sleep(1.0)
            lab.cluster.start_node(port)


async def fail_over_in_cluster(lab: Lab) -> None:
    """Kill each primary of the cluster in its turn, until its replica has its place and it is back as a replica."""
    assert lab.cluster is not None
    for index in range(len(lab.cluster.ports)):
        with lab.window():
            await asyncio.to_thread(lab.cluster.fail_over, index)


async def pause_valkey(lab: Lab) -> None:
    """Let Valkey accept connections and answer nothing."""
    with lab.window():
        lab.valkey.pause()
        try:
            await asyncio.sleep(PAUSE_S)
        finally:
            lab.valkey.resume()


async def flush_valkey(lab: Lab) -> None:
    """Empty Valkey a hundred times a second."""
    with lab.window():
        ends_s = time.monotonic() + STORM_S
        while time.monotonic() < ends_s:
            lab.valkey.flush()
            await asyncio.sleep(FLUSH_EVERY_S)


async def roll_valkey_back(lab: Lab) -> None:
    """Bring Valkey back with what it knew a while ago."""
    with lab.window():
        lab.valkey.save()
        await asyncio.sleep(PAUSE_S)
        lab.valkey.roll_back()


async def kill_worker_and_valkey(lab: Lab) -> None:
    """Kill a worker, and Valkey under both servers."""
    await _all_at_once(lab, kill_worker, kill_valkey)


async def everything_on_postgres(lab: Lab) -> None:
    """All of it, at once."""
    await _all_at_once(lab, terminate_backends, lock_a_row, kill_worker, flush_valkey)
    await _all_at_once(lab, restart_postgres, pause_worker, roll_valkey_back)


async def everything_on_sqlite(lab: Lab) -> None:
    """All of what does not need PostgreSQL, at once."""
    await _all_at_once(lab, kill_worker, flush_valkey)
    await _all_at_once(lab, pause_worker, roll_valkey_back)


async def _all_at_once(lab: Lab, *faults: Fault) -> None:
    with lab.window():
        ends = await asyncio.gather(*(fault(lab) for fault in faults), return_exceptions=True)
        for end in ends:
            # One that fails because another has taken its part away is as it should be.
            if isinstance(end, BaseException) and not isinstance(end, OSError | asyncpg.PostgresError | asyncpg.InterfaceError):
                raise end
        for server in lab.servers:
            await lab.ready(server)


def _postgres(lab: Lab) -> Postgres:
    assert lab.postgres is not None, "this fault needs PostgreSQL"
    return lab.postgres
