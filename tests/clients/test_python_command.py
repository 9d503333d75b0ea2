"""`pollux-client` as people type it, against a server as an operator starts it."""

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from pollux_client import Transport
from tests.asking import CREATE, JOIN, SEND, token
from tests.servers.pollux import Server

SOURCES = Path(__file__).parents[2] / "clients" / "python" / "src"
PATIENCE_S = 60


class Room(NamedTuple):
    id: str
    name: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(DATABASE_URL=f"sqlite://{tmp_path_factory.mktemp('command') / 'pollux.db'}", REDIS_URL="none") as started:
        yield started


@pytest.fixture
def talk(server: Server, request: pytest.FixtureRequest) -> Room:
    """A channel of Alice's and Bob's, named for the test."""
    name = f"Talk {hash(request.node.name) % 10**9}"
    opened = str(server.ask(CREATE, {"i": {"name": name}})["channel"]["id"])
    server.ask(JOIN, {"c": opened}, who="bob")
    return Room(opened, name)


class Command:
    """A running command, which ends with its block; `lines` of its output and `notes` of its errors, as they come."""

    def __init__(self, server: Server, *arguments: str, who: str = "alice", output: int = subprocess.PIPE) -> None:
        environment = {**os.environ, "PYTHONPATH": str(SOURCES), "POLLUX_TOKEN": token(who), "POLLUX_URL": server.url, "TZ": "UTC"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pollux_client", *arguments],
            env=environment, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._readers: list[threading.Thread] = []
        self.lines, self.notes = self._read("stdout"), self._read("stderr")

    def _read(self, name: str) -> "queue.Queue[str]":
        found: queue.Queue[str] = queue.Queue()
        stream = getattr(self.process, name)

        def read() -> None:
            for line in stream or ():
                found.put(line.rstrip("\n"))
            if stream is not None:
                stream.close()

        self._readers.append(threading.Thread(target=read, daemon=True))
        self._readers[-1].start()
        return found

    def end(self, signal_number: signal.Signals | None = None) -> int:
        """Return the exit status, after a signal where one is given."""
        if signal_number is not None:
            self.process.send_signal(signal_number)
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()
        for reader in self._readers:
            reader.join()


@pytest.fixture
def start(server: Server) -> Iterator[Callable[..., Command]]:
    """Start commands that end with the test."""
    with ExitStack() as running:
        yield lambda *arguments, **more: running.enter_context(Command(server, *arguments, **more))


def run(server: Server, *arguments: str, who: str = "alice", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pollux_client", *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCES), "POLLUX_TOKEN": token(who), "POLLUX_URL": server.url, **environment},
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip


def test_tail_shows_the_newest_then_what_is_sent_says_when_it_is_offline_and_ends_by_ctrl_c(
    server: Server, talk: Room, start: Callable[..., Command]
) -> None:
    server.ask(SEND, {"i": {"channelId": talk.id, "content": "before"}})
    tail = start("tail", talk.name.lower(), "--transport", "long-polling", who="bob")
    assert re.fullmatch(r"\d\d:\d\d:\d\d  Alice: before", tail.lines.get(timeout=PATIENCE_S))
    sent = run(server, "send", f"#{talk.name}", "두 줄\nand \x1b[31mred")
    assert (sent.returncode, sent.stdout, sent.stderr) == (0, f"sent to {talk.name} as number 2\n", "")
    assert tail.lines.get(timeout=PATIENCE_S).endswith("  Alice: 두 줄")
    assert tail.lines.get(timeout=PATIENCE_S) == "          and \N{REPLACEMENT CHARACTER}[31mred"
    (worker,) = server.children(named="app.worker")
    os.kill(worker, signal.SIGKILL)
    while "offline" not in (note := tail.notes.get(timeout=PATIENCE_S)):
        assert f"{talk.name}, by long-polling" in note
    assert tail.notes.get(timeout=PATIENCE_S) == "-- online again"
    server.ask(SEND, {"i": {"channelId": talk.id, "content": "after"}})
    assert tail.lines.get(timeout=PATIENCE_S).endswith("  Alice: after")
    assert tail.end(signal.SIGINT) == 0
    assert tail.notes.empty()


def test_tail_as_json_tells_edits_and_deletions_and_ends_by_sigterm(
    server: Server, talk: Room, start: Callable[..., Command]
) -> None:
    tail = start("tail", talk.id, "--json", "--transport", "long-polling", who="bob")
    message = server.ask(SEND, {"i": {"channelId": talk.id, "content": "first"}})["message"]["id"]
    created = json.loads(tail.lines.get(timeout=PATIENCE_S))
    server.ask('mutation($m: ID!) { editMessage(input: {messageId: $m, content: "second"}) { message { id } } }', {"m": message})
    edited = json.loads(tail.lines.get(timeout=PATIENCE_S))
    server.ask("mutation($m: ID!) { deleteMessage(messageId: $m) { message { id } } }", {"m": message})
    deleted = json.loads(tail.lines.get(timeout=PATIENCE_S))
    assert [one["type"] for one in (created, edited, deleted)] == ["messageCreated", "messageUpdated", "messageDeleted"]
    assert [one["content"] for one in (created, edited, deleted)] == ["first", "second", ""]
    assert (created["author"]["name"], created["seq"], created["id"]) == ("Alice", 1, message)
    assert created["created_at"] <= edited["edited_at"] <= deleted["deleted_at"]
    assert tail.end(signal.SIGTERM) == 0


def test_send_reads_its_input_and_repeats_with_a_key(server: Server, talk: Room, start: Callable[..., Command]) -> None:
    command = start("send", talk.id, "-", "--key", "k", "--json")
    assert command.process.stdin is not None
    command.process.stdin.write("from a pipe")
    command.process.stdin.close()
    first = json.loads(command.lines.get(timeout=PATIENCE_S))
    assert (command.end(), first["content"]) == (0, "from a pipe")
    again = run(server, "send", talk.id, "from a pipe", "--key", "k", "--json")
    assert json.loads(again.stdout) == first


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "said"),
    [
        (["tail", "nowhere"], {}, 1, "there is no channel nowhere, or you may not see it"),
        (["send", "TALK", " "], {}, 1, "refused, BLANK: content is blank."),
        (["tail", "TALK"], {"POLLUX_TOKEN": "nonsense"}, 1, "the server does not believe the token (invalid)"),
        (["tail", "TALK"], {"POLLUX_TOKEN": ""}, 2, "no token: set POLLUX_TOKEN"),
        (["tail", "TALK"], {"POLLUX_URL": "http://127.0.0.1:1"}, 1, "cannot reach http://127.0.0.1:1/graphql: Connection refused"),
        (["tail", "TALK"], {"POLLUX_URL": "127.0.0.1"}, 2, "'127.0.0.1' is not a URL of http or https"),
        (["tail", "TALK"], {"POLLUX_REALTIME": "pigeon"}, 2, "POLLUX_REALTIME='pigeon' is wrong; allowed are polling"),
        (["send", "TALK", "hi", "--timeout", "0"], {}, 1, "it is not known whether it arrived; --key"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_one_line(
    server: Server, talk: Room, arguments: list[str], environment: dict[str, str], status: int, said: str
) -> None:
    done = run(server, *(talk.name if one == "TALK" else one for one in arguments), **environment)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(f"pollux-client: {said}") or said in done.stderr
    assert done.stderr.count("\n") == 1


def test_another_path_of_the_server_is_no_pollux(server: Server, talk: Room) -> None:
    done = run(server, "tail", talk.name, "--url", f"{server.url}/nothing")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "answered 404 Not Found, and not as a Pollux server does" in done.stderr


def test_who_reads_the_output_may_go(server: Server, talk: Room, start: Callable[..., Command]) -> None:
    reader, writer = os.pipe()
    tail = start("tail", talk.name, "--transport", "long-polling", who="bob", output=writer)
    os.close(writer)
    server.ask(SEND, {"i": {"channelId": talk.id, "content": "one"}})
    with os.fdopen(reader) as lines:
        assert lines.readline().endswith("  Alice: one\n")
    server.ask(SEND, {"i": {"channelId": talk.id, "content": "two"}})
    assert tail.end() == 0
    assert tail.notes.get(timeout=PATIENCE_S) == f"-- {talk.name}, by long-polling; Ctrl-C ends"
    assert tail.notes.empty()


def test_a_server_that_trusts_this_clients_documents_alone_serves_it(server: Server, tmp_path: Path) -> None:
    documents = tmp_path / "documents.json"
    documents.write_text(run(server, "documents").stdout)
    trusting = {
        "POLLUX_TRUSTED_DOCUMENTS": str(documents),
        "DATABASE_URL": f"sqlite://{tmp_path / 'pollux.db'}",
        "REDIS_URL": "none",
    }
    with Server(**trusting) as wary:
        for transport in Transport:
            following = subprocess.Popen(
                [sys.executable, "-m", "pollux_client", "tail", "general", "--transport", transport.value],
                env={**os.environ, "PYTHONPATH": str(SOURCES), "POLLUX_TOKEN": token("alice"), "POLLUX_URL": wary.url},
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            try:
                assert following.stdout is not None
                assert "This channel is yours to try" in following.stdout.readline()
            finally:
                following.kill()
                following.communicate()
