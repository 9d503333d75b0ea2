"""The TypeScript client: its types, its tests, and a conversation over a server that is started again meanwhile."""

import threading
import time
from pathlib import Path

from tests.asking import token
from tests.node import ROOT, run_with_node
from tests.servers.pollux import Server

CLIENT = ROOT / "clients" / "typescript"


def test_it_is_well_typed_and_its_tests_pass() -> None:
    assert (CLIENT / "node_modules").exists(), "the client's packages are not installed; `make test` does that"
    done = run_with_node(["npm", "run", "--silent", "check"], cwd=CLIENT, timeout_s=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_conversation_over_all_transports_outlives_a_restart(tmp_path: Path) -> None:
    mark = tmp_path / "half"
    with Server(DATABASE_URL=f"sqlite://{tmp_path / 'pollux.db'}", REDIS_URL="none", POLLUX_POLLING_POLICY="load") as server:
        restarter = threading.Thread(target=_restart, args=(server, mark))
        restarter.start()
        try:
            done = run_with_node(
                ["npm", "run", "--silent", "live"], cwd=CLIENT, timeout_s=240,
                POLLUX_URL=f"{server.url}/graphql", POLLUX_ALICE=token("alice"), POLLUX_BOB=token("bob"), POLLUX_MARK=str(mark),
            )  # fmt: skip
        finally:
            mark.touch()
            restarter.join()
    assert done.returncode == 0, done.stdout + done.stderr


def _restart(server: Server, mark: Path) -> None:
    """Start the server again once there is a mark."""
    while not mark.exists():
        time.sleep(0.05)
    server.stop()
    server.start()
