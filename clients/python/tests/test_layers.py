"""What imports what: the protocol is pure, and the client knows nothing of the server's code."""

import ast
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src" / "pollux_client"
PURE = {
    "collections", "collections.abc", "dataclasses", "enum", "json", "math", "typing",
    "pollux_client.events", "pollux_client.records", "pollux_client.protocol",
}  # fmt: skip


def imports(source: str) -> set[str]:
    """Return the modules that a text imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or ".")
    return found


def impure(source: str) -> set[str]:
    return {name for name in imports(source) if name not in PURE and not name.startswith("pollux_client.protocol.")}


@pytest.mark.parametrize("line", ["import asyncio", "from time import monotonic", "from . import x", "import pollux_client.http"])
def test_the_law_finds_what_it_should(line: str) -> None:
    assert impure(f"def f():\n    {line}")


def test_the_protocol_imports_nothing_that_can_wait_or_read_a_clock() -> None:
    files = [*SOURCES.glob("protocol/*.py"), SOURCES / "events.py"]
    assert len(files) > 5
    assert {path.name: impure(path.read_text()) for path in files if impure(path.read_text())} == {}


def test_the_package_imports_itself_aiohttp_and_the_standard_library() -> None:
    rooms = {"app", "schema", "resolvers", "models", "cache", "realtime", "tests"}
    used = {name.split(".")[0] for path in SOURCES.rglob("*.py") for name in imports(path.read_text())}
    assert "aiohttp" in used
    assert used.isdisjoint(rooms | {"orjson", "uvloop", "redis", "strawberry", "graphql"})
