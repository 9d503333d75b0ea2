"""What 5,000 held polls cost one process: memory, the CPU of waiting, and how long one message takes to reach the last.

The clients are connections of this process, on the other core; every one of them is another member of one channel.
"""

import argparse
import asyncio
import os
import resource
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.contestants import Pollux
from benchmarks.dataset import Dataset, Size, seed
from benchmarks.machine import described, require_cores
from benchmarks.processes import cpu_s, memory_kib
from benchmarks.stores import OTHER_CORE, running_stores
from benchmarks.tables import keep
from benchmarks.waiting_clients import Client, all_held, connected

POLLS, ROUNDS, IDLE_S = 5_000, 5, 15
# What is left of the requests is done by then. With IDLE_S less than the 30 s for which a poll is held.
SETTLE_S = 3.0
MEMORY_MIB, LAST_S, IDLE_SHARE = 250, 1.0, 0.05
# Files that a process has open besides its connections.
FILES_BESIDES = 200
SEND = "mutation($i: SendMessageInput!) { sendMessage(input: $i) { message { seq } userErrors { code } } }"


@dataclass(frozen=True, slots=True)
class Round:
    """From the moment a message was sent: when its sender was answered, and when the first and the last who waited were."""

    sent_ms: float
    first_ms: float
    last_ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Found:
    """PSS in MiB: before anybody came, with all connected and waiting, and after the rounds."""

    empty_mib: float
    held_mib: float
    after_mib: float
    idle_share: float
    rounds: list[Round]


def main() -> None:
    """Hold, wait, send, print and keep the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.held", description=__doc__)
    parser.add_argument("--polls", type=int, default=POLLS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args()
    require_cores()
    _require_files(chosen.polls + FILES_BESIDES)
    os.sched_setaffinity(0, {OTHER_CORE})
    size = Size(channels=1, messages=100, members=chosen.polls + 1, notifications=5)
    with tempfile.TemporaryDirectory(prefix="pollux-bench-") as folder, running_stores() as stores:
        data = seed(stores.postgres, "held", size)
        pollux = Pollux("Pollux", stores, data, Path(folder))
        pollux.start()
        try:
            found = uvloop.run(_measured(pollux, data, chosen.rounds))
        finally:
            pollux.stop()
    whole = chosen.polls >= POLLS and chosen.rounds >= ROUNDS
    keep("held", "Held polls", [f"{described()}; one worker process.", "", *_table(found, chosen.polls)], whole=whole)


async def _measured(pollux: Pollux, data: Dataset, rounds: int) -> Found:
    (worker,) = pollux.worker_pids
    empty_mib = _pss_mib(worker)
    *clients, sender = await connected(pollux.port, data.tokens)
    answers = await all_held(clients)
    await asyncio.sleep(SETTLE_S)
    began_s = cpu_s({worker})
    await asyncio.sleep(IDLE_S)
    idle_share, held_mib = (cpu_s({worker}) - began_s) / IDLE_S, _pss_mib(worker)
    print(f"{len(clients):,} held: {held_mib:.0f} MiB, {idle_share:.1%} of a core", flush=True)
    found = []
    for number in range(rounds):
        assert not any(answer.done() for answer in answers), "an answer came before there was news"
        found.append(await _round(worker, data, clients, sender, answers))
        print(f"round {number + 1}/{rounds}  {found[-1].last_ms:,.0f} ms to the last", flush=True)
        answers = await all_held(clients)
        await asyncio.sleep(SETTLE_S)
    return Found(empty_mib, held_mib, _pss_mib(worker), idle_share, found)


async def _round(
    worker: int, data: Dataset, clients: list[Client], sender: Client, answers: "list[asyncio.Future[bytes]]"
) -> Round:
    """Send one message, and wait until everybody has it."""
    before_s, began_s = cpu_s({worker}), asyncio.get_running_loop().time()
    await sender.ask(SEND, {"i": {"channelId": data.channel(1), "content": "news"}})
    pages = await asyncio.gather(*answers)
    ends_s = [client.answered_s for client in clients]
    await asyncio.sleep(SETTLE_S / 10)  # what the server does after its last answer is counted too
    for client, page in zip(clients, pages, strict=True):
        assert b'"content":"news"' in page, page
        client.went_on(page)
    sent_ms, first_ms, last_ms = (1000 * (moment - began_s) for moment in (sender.answered_s, min(ends_s), max(ends_s)))
    return Round(sent_ms, first_ms, last_ms, 1000 * (cpu_s({worker}) - before_s))


def _pss_mib(pid: int) -> float:
    return memory_kib(pid)[1] / 1024


def _require_files(count: int) -> None:
    """Allow this process and those it starts so many open files; end the program where the machine does not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise SystemExit(f"{count:,} open files are needed and {hard:,} allowed (ulimit -n)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count) if soft != resource.RLIM_INFINITY else soft, hard))


def _table(found: Found, polls: int) -> list[str]:
    last_s = [one.last_ms / 1000 for one in found.rounds]
    lines = [
        f"| {polls:,} held polls | found | at most |",
        "|---|---|---|",
        f"| memory (PSS) of the worker, MiB; {found.empty_mib:.0f} without them | {found.held_mib:.0f} | {MEMORY_MIB} |",
        f"| the same after {len(found.rounds)} rounds | {found.after_mib:.0f} | {MEMORY_MIB} |",
        f"| CPU while nothing happens, of a core | {found.idle_share:.1%} | {IDLE_SHARE:.0%} |",
        f"| one message reaches the last: median, s | {statistics.median(last_s):.2f} | {LAST_S:.0f} |",
        f"| most, s | {max(last_s):.2f} | {LAST_S:.0f} |",
        "",
        "| round | sender answered, ms | first, ms | last, ms | server's CPU, ms | of a poll, us |",
        "|---|---|---|---|---|---|",
    ]
    for number, one in enumerate(found.rounds, start=1):
        cells = (one.sent_ms, one.first_ms, one.last_ms, one.cpu_ms, 1000 * one.cpu_ms / polls)
        lines.append(f"| {number} | {' | '.join(f'{cell:,.0f}' for cell in cells)} |")
    return lines


if __name__ == "__main__":
    main()
