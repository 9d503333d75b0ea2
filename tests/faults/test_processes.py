"""The server as a set of processes: starting, being told off, losing a worker, stopping."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.asking import CREATE
from tests.servers.pollux import ROOT, Server, run_server


@pytest.mark.parametrize(
    ("name", "value"),
    [("DATABASE_URL", "nonsense"), ("REDIS_URL", "http://x"), ("PORT", "99999"), ("WEB_CONCURRENCY", "-1"), ("HOST", "0.0.0.0"),
     ("POLLUX_POLLING_POLICY", "fast"), ("POLLUX_ENV", "prod"), ("POLLUX_JWT_SECRET", "tiny"),
     ("POLLUX_ALLOWED_ORIGINS", "*"), ("POLLUX_TRUSTED_DOCUMENTS", "nowhere.json"), ("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml")],
)  # fmt: skip
def test_a_wrong_setting_stops_the_start_with_one_line_that_names_it(name: str, value: str) -> None:
    done = run_server(**{name: value})
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert name in done.stderr
    assert "allowed" in done.stderr or "refused" in done.stderr
    assert name != "POLLUX_JWT_SECRET" or value not in done.stderr


@pytest.mark.parametrize("command", ["serve", "check-config"])
def test_a_trusted_document_that_could_not_run_stops_the_start_before_anything_is_opened(tmp_path: Path, command: str) -> None:
    path = tmp_path / "documents.json"
    path.write_text('{"Me": "{ viewer { name } }", "Old": "{ viewer { nonsense } }"}')
    done = run_server(command, POLLUX_TRUSTED_DOCUMENTS=str(path), DATABASE_URL=f"sqlite://{tmp_path / 'pollux.db'}")
    refused = f"POLLUX_TRUSTED_DOCUMENTS={path} is wrong; document 'Old' is refused: Cannot query field 'nonsense' on type 'User'."
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{refused}\n")
    assert list(tmp_path.iterdir()) == [path]


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with Server(DATABASE_URL=f"sqlite://{tmp_path / 'pollux.db'}") as server:
        done = run_server(PORT=str(server.port), DATABASE_URL=f"sqlite://{tmp_path / 'other.db'}")
    assert (done.returncode, done.stderr) == (
        1,
        f"HOST=127.0.0.1 PORT={server.port} cannot be listened on: Address already in use\n",
    )


def test_a_database_that_does_not_answer_is_said_in_one_line() -> None:
    done = run_server("migrate", DATABASE_URL="postgres://user:secret@127.0.0.1:1/none")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("DATABASE_URL=postgres://user:***@127.0.0.1:1/none does not answer: ")
    assert "secret" not in done.stderr


def test_the_commands_print_what_they_are_asked_for() -> None:
    assert run_server("export-schema").stdout == (ROOT / "schema" / "schema.graphql").read_text()
    shown = run_server("check-config", REDIS_URL="redis://:hidden@h").stdout
    assert "REDIS_URL=redis://:***@h" in shown
    assert "hidden" not in shown.replace("(hidden)", "")
    assert len(run_server("token", "alice", "--name", "Alice", "--role", "service").stdout.strip().split(".")) == 3


def test_a_killed_worker_is_replaced_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    with Server(DATABASE_URL=f"sqlite://{tmp_path / 'pollux.db'}", WEB_CONCURRENCY="2") as server:
        channel = server.ask(CREATE, {"i": {"name": "room"}})["channel"]["id"]
        before = server.children(named="app.worker")
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        deadline = time.monotonic() + 20
        while len(set(server.children(named="app.worker")) - set(before)) != 1:
            assert time.monotonic() < deadline, server.log()
            time.sleep(0.05)
        server.wait_ready()
        assert server.ask("query($c: ID!) { channel(id: $c) { name } }", {"c": channel}) == {"name": "room"}


def test_metrics_are_of_all_workers_and_no_counter_goes_back_when_they_are_replaced(tmp_path: Path) -> None:
    with Server(DATABASE_URL=f"sqlite://{tmp_path / 'pollux.db'}", WEB_CONCURRENCY="2") as server:
        for _ in range(30):
            server.ask("{ viewer { name } }")
        _wait(server, lambda: _metric(server, 'pollux_poll_duration_seconds_count{kind="viewer"}') == 30)
        _wait(server, lambda: _metric(server, "pollux_workers") == 2)
        before = server.children(named="app.worker")
        assert server.process is not None
        server.process.send_signal(signal.SIGHUP)
        _wait(server, lambda: not set(before) & set(server.children(named="app.worker")))
        _wait(server, lambda: _metric(server, "pollux_workers") == 2)
        assert _metric(server, 'pollux_poll_duration_seconds_count{kind="viewer"}') == 30


def _metric(server: Server, name: str) -> float:
    status, body = server.get("/metrics")
    assert status == 200
    return next((float(line.split()[-1]) for line in body.decode().splitlines() if line.startswith(f"{name} ")), 0.0)


def _wait(server: Server, until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not until():
        assert time.monotonic() < deadline, server.log()
        time.sleep(0.05)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_server_leaves_no_process_behind(tmp_path: Path, signal_number: signal.Signals) -> None:
    server = Server(DATABASE_URL=f"sqlite://{tmp_path / 'pollux.db'}", WEB_CONCURRENCY="2").start()
    children = [*server.children(named="app.worker"), *server.children(named="valkey-server")]
    assert len(children) == 3
    assert server.stop(signal_number) == 0
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
    assert "Traceback" not in server.log()


@pytest.mark.parametrize(("command", "status"), [("serve", 0), ("migrate", 128 + signal.SIGTERM)])
def test_a_signal_ends_a_start_that_waits_for_its_database(command: str, status: int) -> None:
    """Also as the first process of a container, which hears of no signal that it does not handle."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        url = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none"
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "server.py"), command],
            env={**os.environ, "DATABASE_URL": url, "REDIS_URL": "none", "PORT": "0"}, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        connection, _ = silent.accept()
        with connection:
            process.terminate()
            told = process.communicate(timeout=60)[1]
    assert (process.returncode, "Traceback" in told) == (status, False), told


def test_the_newcomer_is_told_where_to_go_and_the_pasted_commands_work(tmp_path: Path) -> None:
    with Server(DATABASE_URL=f"sqlite://{tmp_path / 'pollux.db'}") as server:
        deadline = time.monotonic() + 10
        while "Ask again with" not in server.log():
            assert time.monotonic() < deadline, server.log()
            time.sleep(0.05)
        commands = server.log().split("\n\n")
        curls = [command for command in commands if command.strip().startswith("curl")]
        answers = [subprocess.run(["sh", "-c", curl], capture_output=True, text=True, check=True).stdout for curl in curls]
    assert '"seq":2' in answers[0]
    assert '"content":"Hello"' in answers[1]
