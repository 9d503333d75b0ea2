"""A server in production to be attacked, and the world that attacks find there."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.asking import CREATE, JOIN, SECRET, SEND, token
from tests.attacks.attack import MALLORY, SECRET_NAME, SECRET_WORDS, TAKEN, Sent, World
from tests.servers.pollux import Server

METRICS_TOKEN = "what-only-the-operator-of-these-attacks-knows"
# Nothing of these is ever told to a client.
NEVER_TOLD = [SECRET, METRICS_TOKEN, SECRET_WORDS, SECRET_NAME, "Traceback", 'File "', "site-packages", "SELECT ", "sqlite3",
              "Did you mean", "pollux.db", "redis.exceptions", "tortoise"]  # fmt: skip
_LINUX_CPU_CLOCK = 2


class Target:
    """The server under attack."""

    def __init__(self, server: Server, world: World) -> None:
        self.server, self.world = server, world
        (worker,) = server.children(named="worker") or server.children(named="")
        # clock_getcpuclockid(3): the CPU clock of a process, in nanoseconds.
        self._clock = (~worker << 3) | _LINUX_CPU_CLOCK
        self.pid = worker
        self._healthy: http.client.HTTPConnection | None = None

    def cpu_s(self) -> float:
        """Return what the process that answers has used of CPU."""
        return time.clock_gettime(self._clock)

    def answer(self, sent: Sent) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Return what a request is answered, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        headers = dict(sent.headers) | ({"Authorization": sent.authorization} if sent.authorization is not None else {})
        try:
            # Refused before it was sent to its end, its answer is there all the same.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(sent.method, sent.path, sent.body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def close(self) -> None:
        if self._healthy is not None:
            self._healthy.close()

    def healthy_poll(self) -> None:
        """Poll as a client does who has a connection open all the time."""
        if self._healthy is None:
            self._healthy = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        query = "query($c: ID!) { messages(channelId: $c, first: 1) { nodes { content } } }"
        body = json.dumps({"query": query, "variables": {"c": self.world.hidden}}).encode()
        self._healthy.request(
            "POST", "/graphql", body, {"Content-Type": "application/json", "Authorization": f"Bearer {token('bob')}"}
        )
        answer = self._healthy.getresponse()
        assert (answer.status, json.load(answer)) == (200, {"data": {"messages": {"nodes": [{"content": SECRET_WORDS}]}}})


@contextmanager
def attacked(folder: Path, redis_url: str, *, log_level: str = "debug") -> Iterator[Target]:
    """Run a server with its database in `folder`."""
    with Server(
        DATABASE_URL=f"sqlite://{folder / 'pollux.db'}",
        REDIS_URL=redis_url,
        POLLUX_ENV="production",
        POLLUX_METRICS_TOKEN=METRICS_TOKEN,
        POLLUX_ALLOWED_ORIGINS="https://app.tld",
        LOG_LEVEL=log_level,
    ) as server:
        target = Target(server, _world(server))
        yield target
        target.close()


def tells_nothing(answer: bytes) -> None:
    """Fail where an answer tells what nobody is told."""
    text = answer.decode(errors="replace")
    assert [told for told in NEVER_TOLD if told in text] == []


def is_data(headers: http.client.HTTPMessage) -> None:
    """Fail where an answer might be taken for a page, or tells what it was made with."""
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert headers.get("Server", "Pollux") == "Pollux"


def _world(server: Server) -> World:
    def ask(query: str, variables: dict[str, Any] | None = None, who: str = "bob") -> Any:
        return server.ask(query, variables, who=who)

    def channel(name: str, kind: str = "PUBLIC") -> str:
        return str(ask(CREATE, {"i": {"name": name, "kind": kind}})["channel"]["id"])

    def send(where: str, content: str) -> tuple[str, str]:
        sent = ask(SEND, {"i": {"channelId": where, "content": content}})["message"]
        return sent["id"], sent["cursor"]

    bob, mallory = (ask("{ viewer { id } }", who=who)["id"] for who in ("bob", MALLORY))
    opened, public, hidden, lost, archived = (
        channel("open"),
        channel("public"),
        channel(SECRET_NAME, "PRIVATE"),
        channel("lost", "PRIVATE"),
        channel("archived"),
    )
    open_message, open_cursor = send(opened, "hello")
    hidden_message, hidden_cursor = send(hidden, SECRET_WORDS)
    _, lost_cursor = send(lost, SECRET_WORDS)
    _, public_cursor = send(public, "hello")
    own = str(ask(CREATE, {"i": {"name": "own", "kind": "PUBLIC"}}, MALLORY)["channel"]["id"])
    ask(JOIN, {"c": own})
    for where in (opened, archived):
        ask(JOIN, {"c": where}, who=MALLORY)
    ask(SEND, {"i": {"channelId": opened, "content": "the first", "clientMessageId": TAKEN}}, who=MALLORY)
    change = "mutation($c: ID!, $u: ID!) {{ {}(channelId: $c, {}) {{ userErrors {{ code }} }} }}"
    ask(change.format("addChannelMembers", "userIds: [$u]"), {"c": lost, "u": mallory})
    ask("query($c: ID!) { messages(channelId: $c) { nodes { content } } }", {"c": lost}, who=MALLORY)
    ask(change.format("removeChannelMember", "userId: $u"), {"c": lost, "u": mallory})
    ask("mutation($c: ID!) { updateChannel(input: {channelId: $c, archived: true}) { userErrors { code } } }", {"c": archived})
    return World(
        open=opened, hidden=hidden, lost=lost, archived=archived, public=public, own=own, public_cursor=public_cursor,
        hidden_message=hidden_message, open_message=open_message,
        hidden_cursor=hidden_cursor, lost_cursor=lost_cursor, open_cursor=open_cursor, bobs_sync=ask("{ sync { token } }")["token"],
        bob=bob, mallory=mallory,
    )  # fmt: skip
