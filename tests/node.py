"""JavaScript under test: commands with the Node that the build uses, and the npm packages of tests/npm."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
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
    _assert_installed()
    done = run_with_node(["node", script, *arguments], cwd=CLIENTS)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


class NpmClient:
    """A script of tests/npm that goes on, and prints a line of JSON for whatever happens to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def next(self) -> dict[str, Any]:
        """Return what it says next: a word, and what it has to say of it."""
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            line = await self._process.stdout.readline()
        assert line, "it has ended"
        said: dict[str, Any] = json.loads(line)
        return said

    async def said(self, word: str) -> Any:
        """Return what it says next by a word; whatever else it says before is passed over."""
        while True:
            said = await self.next()
            if word in said:
                return said[word]

    async def do(self, order: str) -> None:
        """Tell it to do something, which it does soon."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n".encode())
        await self._process.stdin.drain()

    async def end(self) -> None:
        """Let it end, as its user would."""
        _, errors = await self._process.communicate(b"end\n")
        assert (self._process.returncode, errors) == (0, b"")


@asynccontextmanager
async def npm_client(script: str, *arguments: str) -> AsyncIterator[NpmClient]:
    """Run a script of tests/npm beside the test."""
    _assert_installed()
    process = await asyncio.create_subprocess_exec(
        "sh", str(ROOT / "web" / "node.sh"), str(Path(sys.executable).parent), "node", script, *arguments,
        cwd=CLIENTS, limit=16 << 20,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield NpmClient(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _assert_installed() -> None:
    assert (CLIENTS / "node_modules" / "graphql-ws").exists(), "the npm clients are not installed; `make test` does that"
