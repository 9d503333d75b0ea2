"""JavaScript under test: commands with the Node that the build uses, and the npm packages of tests/npm."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CLIENTS = ROOT / "tests" / "npm"


def run_with_node(
    command: Sequence[str], *, cwd: Path, timeout_s: float = 120, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command such as npm or node to its end."""
    return subprocess.run(
        ["sh", str(ROOT / "web" / "node.sh"), str(Path(sys.executable).parent), *command],
        cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=timeout_s, check=False,
    )  # fmt: skip


def run_client(script: str, *arguments: str) -> Any:
    """Run a script of tests/npm, which prints JSON; returns what it says."""
    assert (CLIENTS / "node_modules").exists(), "the npm clients are not installed; `make test` does that"
    done = run_with_node(["node", script, *arguments], cwd=CLIENTS)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
