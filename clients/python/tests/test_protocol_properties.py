"""Whatever happens, in whatever order: one request at a time, never too soon; nothing lost, nothing twice, all in order.

`make test` looks at some hundred histories, the same each time. A long search, from this folder:
`HYPOTHESIS_PROFILE=long python -m pytest -n 0 -o faulthandler_timeout=0 test_protocol_properties.py`.
"""

import os
from typing import Any

import pytest
from followed import Followed
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from pollux_client.protocol.actions import Request
from pollux_client.protocol.channel_news import ChannelNews, channel_news
from pollux_client.protocol.sync import SyncMachine

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
SEARCH = settings(
    derandomize=not LONG,
    stateful_step_count=40,
    deadline=None,
    database=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, *((Phase.shrink,) if LONG else ())),
)


def _search(examples: int) -> None:
    run_state_machine_as_test(Followed, settings=settings(SEARCH, max_examples=examples))


def test_a_reader_is_given_everything_once_and_in_order() -> None:
    _search(20_000 if LONG else 150)


def _no_page_is_held(*given: Any, **_: Any) -> ChannelNews | None:
    return channel_news(*given, has_more=False)


def _any_answer_counts(machine: SyncMachine, _: int) -> Request | None:
    return machine.under_way


@pytest.mark.parametrize(
    ("place", "mistake"),
    [
        ("pollux_client.protocol.intake.channel_news", _no_page_is_held),
        ("pollux_client.protocol.sync.SyncMachine._answered", _any_answer_counts),
        ("pollux_client.protocol.sync.backoff_ms", lambda *_, **__: 100),
    ],
    ids=["a page with a hole is given", "a late answer counts", "failures are tried again at once"],
)
def test_the_search_finds_a_planted_mistake(place: str, mistake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, mistake)
    with pytest.raises(AssertionError):
        _search(400)
