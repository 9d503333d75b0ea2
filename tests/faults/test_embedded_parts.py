"""The embedded Valkey under load and under fire, and two servers on one var folder."""

import os
import signal
import threading
import time
from pathlib import Path

from tests.asking import CREATE, JOIN
from tests.servers.pollux import Server

SEND = (
    "mutation($c: ID!, $t: String!) { sendMessage(input: {channelId: $c, content: $t, clientMessageId: $t})"
    " { userErrors { code } } }"
)
POLL = "query($c: ID!, $a: String) { messages(channelId: $c, after: $a, first: 200) { nodes { content } pageInfo { endCursor } } }"


def _send(server: Server, channel: str, text: str, who: str = "alice") -> None:
    assert server.ask(SEND, {"c": channel, "t": text}, who=who) == {"userErrors": []}


def _catch_up(server: Server, channel: str, cursor: str | None, who: str) -> tuple[list[str], str]:
    page = server.ask(POLL, {"c": channel, "a": cursor}, who=who)
    return [node["content"] for node in page["nodes"]], page["pageInfo"]["endCursor"]


def _room(server: Server) -> str:
    channel: str = server.ask(CREATE, {"i": {"name": "room"}})["channel"]["id"]
    server.ask(JOIN, {"c": channel}, who="bob")
    return channel


def test_killing_the_embedded_valkey_under_load_fails_no_poll(tmp_path: Path) -> None:
    with Server(DATABASE_URL=f"sqlite://{tmp_path / 'pollux.db'}") as server:
        channel = _room(server)
        stop, polls, failures = threading.Event(), [0], []

        def poll(who: str) -> None:
            while not stop.is_set():
                try:
                    _catch_up(server, channel, None, who)
                    polls[0] += 1
                except Exception as error:  # noqa: BLE001  # any failure is what the test looks for
                    failures.append(repr(error))

        pollers = [threading.Thread(target=poll, args=(who,)) for who in ("alice", "bob") * 2]
        for poller in pollers:
            poller.start()
        killed = set()
        for index in range(3):
            (valkey,) = _eventually(lambda: [p for p in server.children(named="valkey-server") if p not in killed], 1)
            killed.add(valkey)
            os.kill(valkey, signal.SIGKILL)
            _send(server, channel, f"after kill {index}")
            time.sleep(0.3)
        _eventually(lambda: [p for p in server.children(named="valkey-server") if p not in killed], 1)
        stop.set()
        for poller in pollers:
            poller.join()
        assert failures == []
        assert polls[0] > 50
        assert _catch_up(server, channel, None, "bob")[0] == [f"after kill {index}" for index in range(3)]


def test_two_servers_on_one_var_folder_share_one_valkey_and_hold_one_conversation(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite://{tmp_path / 'pollux.db'}"}
    with Server(**settings) as first, Server(**settings) as second:
        assert [len(server.children(named="valkey-server")) for server in (first, second)] == [1, 0]
        channel = _room(first)
        heard: list[str] = []
        cursor = None
        for index in range(60):
            _send((first, second)[index % 2], channel, f"{index}", who=("alice", "bob")[index // 2 % 2])
            # A poll that starts after the send was acknowledged shows it, from the other process.
            news, cursor = _catch_up((second, first)[index % 2], channel, cursor, "bob")
            heard += news
            assert heard[-1] == f"{index}"
        assert heard == [f"{index}" for index in range(60)]


def test_a_server_takes_the_valkey_over_when_its_owner_is_killed(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite://{tmp_path / 'pollux.db'}"}
    owner = Server(**settings).start()
    with Server(**settings) as heir:
        channel = _room(heir)
        assert owner.stop(signal.SIGKILL) == -signal.SIGKILL
        _eventually(lambda: heir.children(named="valkey-server"), 1)
        _eventually(lambda: [True] if b'"redis":"ok"' in heir.get("/readyz")[1] else [], 1)
        _send(heir, channel, "still here")
        assert _catch_up(heir, channel, None, "bob")[0] == ["still here"]


def _eventually(look, count: int, timeout_s: float = 10):  # type: ignore[no-untyped-def]  # gives what it looks at
    deadline = time.monotonic() + timeout_s
    while len(found := look()) != count:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found
