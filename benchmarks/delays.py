"""How long a message takes from its sender to a reader, by each transport, through the Python client.

The sender, and a reader for each transport, are clients of this process, on the other core; the clock is one. Messages are
sent at the same distance from each other, so that they fall into every part of a poll's interval. Beside the delays stands
how long the sender's own answer took, which is after the commit.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import uvloop

from benchmarks.contestants import Pollux
from benchmarks.dataset import Dataset, Size, seed
from benchmarks.machine import described, require_cores
from benchmarks.stores import OTHER_CORE, running_stores
from benchmarks.tables import keep
from pollux_client import MessageCreated, RealtimeProvider, Transport, create_realtime_provider

MESSAGES = 200
# No part of an interval, so that every phase comes.
PAUSE_S = 0.31
ANSWER = "the sender's answer"
# A poll comes at the latest after its interval; the rest is for a machine that is busy.
LAST_S = 30.0
PUSHED_MS = 20.0
# A client that polls adds up to a tenth of the interval, its own phase, so that clients do not come all at once.
LONGEST_PHASE = 1.1


def main() -> None:
    """Send, receive, print and keep the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delays", description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    chosen = parser.parse_args()
    require_cores()
    os.sched_setaffinity(0, {OTHER_CORE})
    with tempfile.TemporaryDirectory(prefix="pollux-bench-") as folder, running_stores() as stores:
        data = seed(stores.postgres, "delays", Size(channels=1, messages=100, members=len(Transport) + 1, notifications=5))
        pollux = Pollux("Pollux", stores, data, Path(folder))
        pollux.start()
        try:
            delays, interval_ms = uvloop.run(_measured(pollux.port, data, chosen.messages))
        finally:
            pollux.stop()
    head = f"{described()}; {chosen.messages} messages; one worker process, loopback."
    keep("delays", "Delays", [head, "", *_table(delays, interval_ms)], whole=chosen.messages >= MESSAGES)


async def _measured(port: int, data: Dataset, messages: int) -> tuple[dict[str, list[float]], int]:
    """Return the delays by transport, in milliseconds, and the interval that the one who polls was given."""
    url, channel = f"http://127.0.0.1:{port}", data.channel(1)
    readers = {
        transport: create_realtime_provider(url, token=bearer, transport=transport)
        for transport, bearer in zip(Transport, data.tokens[1:], strict=True)
    }
    sent_s: dict[str, float] = {}
    delays: defaultdict[str, list[float]] = defaultdict(list)
    async with asyncio.timeout(LAST_S + 4 * messages * PAUSE_S), asyncio.TaskGroup() as tasks:
        ready = [asyncio.Event() for _ in readers]
        for (transport, reader), event in zip(readers.items(), ready, strict=True):
            tasks.create_task(_receive(reader, channel, sent_s, delays[transport.value], event, messages))
        await asyncio.gather(*(event.wait() for event in ready))
        async with create_realtime_provider(url, token=data.tokens[0]) as sender:
            began_s = time.monotonic()
            for number in range(messages):
                await asyncio.sleep(max(0.0, began_s + number * PAUSE_S - time.monotonic()))
                key = f"delay-{number}"
                sent_s[key] = time.monotonic()
                await sender.send(channel, key, client_message_id=key)
                delays[ANSWER].append(1000 * (time.monotonic() - sent_s[key]))
    interval = readers[Transport.POLLING].polling_interval
    assert interval is not None, "nobody said when to poll"
    for reader in readers.values():
        await reader.close()
    return delays, interval.milliseconds


async def _receive(
    reader: RealtimeProvider, channel: str, sent_s: dict[str, float], delays: list[float], ready: asyncio.Event, messages: int
) -> None:
    """Write down when each message came, until all have."""
    async for event in reader.subscribe(channel):
        ready.set()  # the newest messages of the channel
        if isinstance(event, MessageCreated) and event.message.content in sent_s:
            delays.append(1000 * (time.monotonic() - sent_s[event.message.content]))
            if len(delays) == messages:
                return


def _table(delays: dict[str, list[float]], interval_ms: int) -> list[str]:
    bounds = {transport.value: PUSHED_MS for transport in Transport}
    bounds[Transport.POLLING.value] = LONGEST_PHASE * interval_ms / 2 + PUSHED_MS
    lines = ["| from send to receipt, ms | median | at most | 95 in 100 | longest |", "|---|---|---|---|---|"]
    for name in (ANSWER, *bounds):
        in_order = sorted(delays[name])
        bound = f"{bounds[name]:,.0f}" if name in bounds else ""
        cells = (statistics.median(in_order), in_order[int(len(in_order) * 0.95)], in_order[-1])
        median, most, longest = (f"{cell:,.1f}" for cell in cells)
        lines.append(f"| {name} | {median} | {bound} | {most} | {longest} |")
    return [
        *lines,
        "",
        f"The interval of the one who polled was {interval_ms:,} ms, to which a client adds up to a tenth.",
    ]


if __name__ == "__main__":
    main()
