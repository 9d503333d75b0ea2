"""A probe: one connection that asks one thing at a time, from a process that does nothing else.

Rule: a latency begins when its poll was due, so a server that stalls shows it in every poll that was due meanwhile.
"""

import http.client
import json
import re
import time
from collections.abc import Mapping

from benchmarks.dataset import Dataset
from benchmarks.processes import cpu_s, tree
from tests.servers.pollux import Server

EVERY_S = 0.04
TIMEOUT_S = 30.0
POLL = (
    "query($c: ID!, $a: String) { messages(channelId: $c, after: $a) { nodes { seq content author { name } }"
    " pageInfo { endCursor } pollingInterval { milliseconds } } }"
)


class Probe:
    """Polls a channel's head again and again; `took_ms` are the moments polls were due, by time.time(), and their milliseconds."""

    def __init__(self, server: Server, data: Dataset) -> None:
        self.took_ms: list[tuple[float, float]] = []
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
        self._bearer = data.tokens[-1]
        self._channel, self._after = data.channel(1), data.cursor(1, data.size.messages)

    def poll_until(self, end_s: float) -> None:
        """Poll until a moment by time.time()."""
        due_s = time.time()
        while due_s < end_s:
            time.sleep(max(0.0, due_s - time.time()))
            self._poll()
            answered_s = time.time()
            while due_s < answered_s:
                self.took_ms.append((due_s, 1000 * (answered_s - due_s)))
                due_s += EVERY_S

    def _poll(self) -> None:
        status, body = ask(self._connection, self._bearer, POLL, {"c": self._channel, "a": self._after})
        if status == 200:
            self._after = json.loads(body)["data"]["messages"]["pageInfo"]["endCursor"]


def ask(connection: http.client.HTTPConnection, bearer: str, query: str, variables: dict[str, str]) -> tuple[int, bytes]:
    """Return the status and body of an answer."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"}
    connection.request("POST", "/graphql", json.dumps({"query": query, "variables": variables}), headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def first_polls(server: Server, data: Dataset, count: int) -> float:
    """Return the microseconds of CPU of a poll by somebody whom a server meets for the first time, with nothing new."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
    channels = data.size.channels

    def poll(number: int) -> None:
        channel = 1 + number % channels
        variables = {"c": data.channel(channel), "a": data.cursor(channel, data.size.messages)}
        status, body = ask(connection, data.tokens[number], POLL, variables)
        assert status == 200, body

    for number in range(channels):  # what is the channels' and not the people's
        poll(number)
    before_s = _cpu_s(server)
    for number in range(channels, channels + count):
        poll(number)
    return 1e6 * (_cpu_s(server) - before_s) / count


def refusals(server: Server, data: Dataset, count: int) -> float:
    """Return the microseconds of CPU of a refusal, by a server that allows a user next to nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
    variables = {"c": data.channel(1), "a": data.cursor(1, data.size.messages)}
    while ask(connection, data.tokens[0], POLL, variables)[0] == 200:
        pass
    before_s, refused = _cpu_s(server), 0
    for _ in range(count):
        refused += ask(connection, data.tokens[0], POLL, variables)[0] == 429
    assert refused > 0.9 * count, f"only {refused} of {count} were refused"
    return 1e6 * (_cpu_s(server) - before_s) / count


def poll_durations(server: Server) -> dict[float, float]:
    """Return how many polls the server had for how long so far, by the upper bounds of its histogram, in milliseconds."""
    status, body = server.get("/metrics")
    assert status == 200, body
    found: dict[float, float] = {}
    for kind, bound, count in re.findall(r'pollux_poll_duration_seconds_bucket\{kind="(\w+)",le="([^"]+)"\} (\S+)', body.decode()):
        if kind == "sync":
            found[1000 * float(bound)] = float(count)
    return found


def quantile_ms(counts: Mapping[float, float], share: float) -> float:
    """Return what a share of all did not exceed, by counts up to each bound of a histogram; between two bounds in proportion."""
    bounds = sorted(counts)
    wanted, below, under = share * max(counts.values(), default=0), 0.0, 0.0
    for bound in bounds:
        if counts[bound] >= wanted:
            return bound if counts[bound] == below else under + (bound - under) * (wanted - below) / (counts[bound] - below)
        below, under = counts[bound], bound
    return 0.0


def _cpu_s(server: Server) -> float:
    assert server.process is not None
    return cpu_s(tree(server.process.pid))
