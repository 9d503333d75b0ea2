"""The recipes of docs/recipes.md: each library from npm follows a room on the server as it is started."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.asking import CREATE, token
from tests.node import CLIENTS, ROOT, run_client, run_with_node
from tests.servers.pollux import Server

RECIPES = CLIENTS / "recipes"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("recipes")
    with Server(DATABASE_URL=f"sqlite://{folder / 'pollux.db'}", REDIS_URL="none", POLLUX_POLLING_POLICY="load") as running:
        yield running


def _follow(server: Server, recipe: str) -> Any:
    made = server.ask(CREATE, {"i": {"name": recipe}})
    return run_client(f"recipes/{recipe}.mjs", f"{server.url}/graphql", token("alice"), made["channel"]["id"])


def _keeps_its_place(places: list[str]) -> None:
    """The places after: nothing, `one`, nothing, nothing, `two`, nothing."""
    before, *rest = places[-6:]
    assert rest == [rest[0]] * 3 + [rest[3]] * 2
    assert len({before, rest[0], rest[3]}) == 3


def test_apollo_client_keeps_its_place_on_empty_pages_and_asks_by_hash(server: Server) -> None:
    result = _follow(server, "apollo")
    followed, polled = result["followed"], result["polled"]
    assert followed["contents"] == ["one", "two"]
    _keeps_its_place(followed["places"])
    # One POST, with the text, tells the server what the hash means; everything else is a GET of the hash.
    assert Counter(line.split()[0] for line in followed["wire"]) == {"POST": 1, "GET": len(followed["wire"]) - 1}
    assert "GET 304" in followed["wire"]
    assert polled["last"] == "three"
    assert polled["wire"].count("GET 304") >= 3


def test_urql_keeps_its_place_on_empty_pages_and_asks_by_hash(server: Server) -> None:
    result = _follow(server, "urql")
    assert result["contents"] == ["one", "two"]
    _keeps_its_place(result["places"])
    assert {line.split()[0] for line in result["wire"]} == {"GET"}
    assert "GET 304" in result["wire"]


def test_relay_s_connection_grows_at_its_end(server: Server) -> None:
    folder = RECIPES / "relay"
    (folder / "__generated__").mkdir(exist_ok=True)
    compiled = run_with_node(["npx", "relay-compiler", "relay.config.json"], cwd=folder)
    assert compiled.returncode == 0, compiled.stdout + compiled.stderr
    result = _follow(server, "relay")
    assert result["contents"] == ["one", "two"]
    _keeps_its_place(result["places"])
    assert "POST 304" in result["wire"]


def test_tanstack_query_follows_at_the_server_s_pace(server: Server) -> None:
    result = _follow(server, "tanstack")
    assert result["contents"] == ["one", "two", "three"]
    _keeps_its_place(result["places"])
    assert "POST 304" in result["wire"]
    assert result["waits"] == 2000


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_the_page_shows_what_is_tested() -> None:
    page = (ROOT / "docs" / "recipes.md").read_text()
    tested = [_lines(path.read_text()) for path in sorted(RECIPES.glob("**/*.*js"))]
    shown = re.findall(r"```js\n(.*?)```", page, re.DOTALL)
    assert len(shown) > 4
    for block in shown:
        assert any(_contains(whole, _lines(block)) for whole in tested), block


def _contains(whole: list[str], part: list[str]) -> bool:
    return any(whole[start : start + len(part)] == part for start in range(len(whole) - len(part) + 1))


def test_the_check_of_the_page_finds_what_is_not_tested() -> None:
    assert _contains(["a", "b", "c"], ["b", "c"])
    assert not _contains(["a", "b", "c"], ["b", "d"])


def test_every_recipe_has_a_test() -> None:
    names = {path.stem for path in RECIPES.glob("*.mjs")} - {"room", "revalidating"}
    assert all(f'"{name}"' in Path(__file__).read_text() for name in names)
