"""Requests that nobody thought of: bodies, headers, tokens, cursors, bytes on the wire, and operations made from the schema.

`python -m tests.attacks.fuzz MINUTES` goes on for so long and prints what was answered; test_fuzz.py runs a little of it.
"""

import base64
import http.client
import json
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import schemathesis.graphql
from graphql import introspection_from_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from schema.build import build_schema
from tests.asking import SEND, token
from tests.attacks.attack import JSON, MALLORY, NAME, STRICT, Sent
from tests.attacks.target import Target, attacked, tells_nothing
from tests.servers.valkey import Valkey

_POLL = "query($c: ID!, $a: String, $b: String) { messages(channelId: $c, after: $a, before: $b) { nodes { content } } }"
_SYNC = "query($t: String) { sync(token: $t) { resetReason channels { messages { content } } } }"
_SIGNS = st.text(st.characters(), max_size=60)
_LATIN = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _SIGNS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_SIGNS, inner, max_size=5),
    max_leaves=12,
)
_PARTS = st.sampled_from(["query", "variables", "operationName", "extensions", "documentId"])
_HEADERS = st.sampled_from(["Accept", "Content-Type", "If-None-Match", "X-Client-Activity", "X-Request-Id", "Origin", "traceparent",
                            "Accept-Encoding", "Content-Encoding", "X-Forwarded-For", "Upgrade"])  # fmt: skip


def mutated(original: bytes) -> st.SearchStrategy[bytes]:
    """Return the strategy of texts that differ from one by a few bytes."""
    place = st.integers(0, len(original))

    def change(changes: list[tuple[int, int, bytes]]) -> bytes:
        text = original
        for start, length, put in changes:
            text = text[:start] + put + text[start + length :]
        return text

    return st.lists(st.tuples(place, st.integers(0, 4), st.binary(max_size=4)), min_size=1, max_size=4).map(change)


class Fuzzer:
    """Sends what is made up to a server, and judges the answers."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection = http.client.HTTPConnection("127.0.0.1", target.server.port, timeout=20)
        self.statuses: Counter[int] = Counter()
        schema = build_schema()._schema
        made = schemathesis.graphql.from_dict({"data": dict(introspection_from_schema(schema))})
        operations = [found.ok().as_strategy() for found in made.get_all_operations() if isinstance(found, Ok)]
        world = target.world
        good = json.dumps({"query": SEND, "variables": {"i": {"channelId": world.open, "content": "x"}}}).encode()
        cursor, sync, jwt = (text.encode() for text in (world.open_cursor, world.bobs_sync, token(MALLORY)))
        self.themes: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], None]]] = {
            "bodies": (st.binary(max_size=300) | mutated(good) | _VALUES.map(_json), self.body),
            "requests": (st.dictionaries(_PARTS, _VALUES | st.just(NAME), max_size=5).map(_json), self.body),
            "variables": (st.dictionaries(st.sampled_from(["c", "a", "b"]), _VALUES), lambda found: self.ask(_POLL, found)),
            "cursors": (mutated(cursor) | _SIGNS.map(_packed) | st.binary(max_size=60).map(base64.urlsafe_b64encode), self.cursor),
            "sync tokens": (mutated(sync) | st.binary(max_size=90).map(base64.urlsafe_b64encode), self.sync_token),
            "tokens": (mutated(jwt), self.token),
            "headers": (st.dictionaries(_HEADERS, _LATIN, max_size=4), self.headers),
            "addresses": (st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80), self.address),
            "the wire": (mutated(_wire(good)), self.wire),
            "operations": (st.one_of(operations).map(lambda case: case.body), self.operation),
        }

    def run(self, theme: str, examples: int, *, derandomize: bool) -> None:
        """Send so many requests of a theme. Raises AssertionError for a wrong answer, with the smallest request that gets it."""
        strategy, send = self.themes[theme]

        @settings(
            max_examples=examples, deadline=None, derandomize=derandomize, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(strategy)
        def each(found: Any) -> None:
            send(found)

        each()

    def body(self, body: bytes) -> None:
        self._judge(Sent(body, headers={"Content-Type": JSON, "Accept": STRICT}))

    def ask(self, query: str, variables: Mapping[str, Any]) -> None:
        self.body(_json({"query": query, "variables": variables}))

    def operation(self, query: Any) -> None:
        self.body(_json({"query": query}))

    def cursor(self, cursor: bytes) -> None:
        text = cursor.decode("latin-1")
        for name in ("a", "b"):
            self.ask(_POLL, {"c": self._target.world.open, name: text})

    def sync_token(self, found: bytes) -> None:
        self.ask(_SYNC, {"t": found.decode("latin-1")})

    def token(self, found: bytes) -> None:
        clean = "".join(sign for sign in found.decode("latin-1") if sign >= " ")
        self._judge(Sent(_json({"query": NAME}), headers={"Content-Type": JSON}, authorization=f"Bearer {clean}"))

    def headers(self, headers: Mapping[str, str]) -> None:
        self._judge(Sent(_json({"query": NAME}), headers={"Content-Type": JSON, **headers}))

    def address(self, query: str) -> None:
        for path in (f"/graphql?{query}", f"/x{query}"):
            self._judge(Sent(method="GET", path=path), is_json=path.startswith("/graphql"))

    def wire(self, sent: bytes) -> None:
        """Send bytes on a connection of their own, and its end; what comes back is HTTP or nothing."""
        with socket.create_connection(("127.0.0.1", self._target.server.port), timeout=20) as raw:
            raw.sendall(sent)
            raw.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := raw.recv(65536):
                answer += chunk
        tells_nothing(answer)
        assert not answer or answer.startswith(b"HTTP/"), (sent, answer)  # 0.9, where a request names no version
        status = int(answer[9:12] or b"0")
        assert status < 500, (sent, answer)
        self.statuses[status] += 1

    def _judge(self, sent: Sent, *, is_json: bool = True) -> None:
        connection = self._connection
        headers = {**sent.headers, "Authorization": sent.authorization or ""}
        try:
            connection.request(
                sent.method, sent.path, sent.body, {name: value.encode("latin-1") for name, value in headers.items()}
            )
            answer = connection.getresponse()
            body = answer.read()
        except (ConnectionError, http.client.BadStatusLine):
            # What is no HTTP at all ends the connection; whether the server lives, the next request tells.
            connection.close()
            return
        self.statuses[answer.status] += 1
        tells_nothing(body)
        assert answer.status < 500, (sent, answer.status, body)
        if body and is_json and "json" in answer.headers.get("Content-Type", ""):
            found = json.loads(body)
            assert "data" in found or found["errors"], (sent, body)
            for error in found.get("errors", ()):
                assert error["extensions"]["code"] not in ("INTERNAL_SERVER_ERROR", "UNAVAILABLE"), (sent, body)

    def close(self) -> None:
        self._connection.close()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _packed(text: str) -> bytes:
    return base64.urlsafe_b64encode(text.encode(errors="replace"))


def _wire(body: bytes) -> bytes:
    head = ("POST /graphql HTTP/1.1", "Host: pollux", f"Authorization: Bearer {token(MALLORY)}", f"Content-Type: {JSON}")
    return "\r\n".join((*head, f"Content-Length: {len(body)}", "Connection: close", "", "")).encode() + body


def main(minutes: float) -> None:
    """Fuzz for so long, theme after theme, and say what was answered."""
    ends_s = time.monotonic() + 60 * minutes
    valkey = Valkey().start()
    try:
        with tempfile.TemporaryDirectory() as folder, attacked(Path(folder), valkey.url, log_level="info") as target:
            fuzzer = Fuzzer(target)
            while time.monotonic() < ends_s:
                theme = random.choice(list(fuzzer.themes))
                fuzzer.run(theme, 500, derandomize=False)
                target.healthy_poll()
                left_s = max(0, ends_s - time.monotonic())
                _say(f"{left_s:4.0f} s left, {fuzzer.statuses.total()} requests, last: {theme}")
            fuzzer.close()
            log = target.server.log()
            assert "Traceback" not in log, log[-10_000:]
            assert " ERROR " not in log, log[-10_000:]
            _say(f"nothing found; answers by status: {dict(sorted(fuzzer.statuses.items()))}")
    finally:
        valkey.remove()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10)
