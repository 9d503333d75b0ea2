"""A little of the fuzzing, the same in each run; `make fuzz` is the long form."""

from collections.abc import Iterator

import pytest

from tests.attacks.fuzz import Fuzzer
from tests.attacks.target import Target

THEMES = ["bodies", "requests", "variables", "cursors", "sync tokens", "tokens", "headers", "addresses", "the wire", "operations"]


@pytest.fixture
def fuzzer(target: Target) -> Iterator[Fuzzer]:
    found = Fuzzer(target)
    yield found
    found.close()


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_made_up_fails_on_the_server_or_harms_others(fuzzer: Fuzzer, target: Target, theme: str) -> None:
    assert list(fuzzer.themes) == THEMES
    fuzzer.run(theme, 40, derandomize=True)
    assert fuzzer.statuses.total() >= 20
    target.healthy_poll()
    assert "Traceback" not in target.server.log()


def test_a_wrong_answer_is_found(fuzzer: Fuzzer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.attacks.target.NEVER_TOLD", ["GRAPHQL_PARSE_FAILED"])
    with pytest.raises(AssertionError):
        fuzzer.body(b'{"query": "{"}')
