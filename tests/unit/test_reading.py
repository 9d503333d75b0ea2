"""Reading requests in steps: what is too dear is refused before it is validated, and nobody waits for a whole document."""

import asyncio
import gc
import tracemalloc
from collections.abc import Generator
from typing import Any

import pytest
from graphql import DocumentNode, GraphQLError

from app.documents import Documents, Phase, bytes_of
from app.graphql_request import GraphQLRequest
from app.limits import Limits
from app.requests import OVERHEAD_BYTES, Prepared, Refused, Requests
from app.steps import at_once, one_by_one
from app.validation import Validation
from cache.lru import Lru, Memory
from models.errors import ErrorCode
from models.tasks import end
from realtime.latency import Latencies
from schema.build import build_schema

SCHEMA = build_schema()
PAGES = "{ channels(first: %s) { nodes { messages(first: %s) { nodes { content } } } } }"
SEARCHES = "{" + " ".join(f"a{n}: searchChannels(first: 200) {{ nodes {{ lastMessage {{ id }} }} }}" for n in range(40)) + "}"
DEAR = [
    (SEARCHES, {}),
    (PAGES % (200, 200), {}),
    (PAGES % ("9" * 5000, "9" * 5000), {}),
    ("query($n: Int)" + PAGES % ("$n", "$n"), {"n": 200}),
    ("query($n: Int)" + PAGES % ("$n", "$n"), {"n": 10**30}),
    ("query($n: Int)" + PAGES % ("$n", "$n"), {"n": 200.0}),
    ("query($n: Int = 200)" + PAGES % ("$n", "$n"), {}),
    ("query($n: Int!)" + PAGES % ("$n", "$n") + " query B { helo }", {"n": 200}),
    ("{ ...F helo } fragment F on Query " + PAGES % (200, 200), {}),
    (PAGES.replace("content", "content helo { x } tags { ...G } ...H") % (200, 200), {}),
]
FAIR = [
    ("query($n: Int)" + PAGES % ("$n", "$n"), {"n": 1}),
    ("query($n: Int)" + PAGES % ("$n", "$n"), {"n": 1.0}),
    ("query($n: Int = 200)" + PAGES % ("$n", "$n"), {"n": 1}),
    ("query($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": "YwE"}),
]


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> list[DocumentNode]:
    """Return what is validated, in order."""
    found: list[DocumentNode] = []
    errors_of = Validation.errors_of

    def noted(self: Validation, document: DocumentNode) -> Generator[None, None, list[GraphQLError]]:
        found.append(document)
        return errors_of(self, document)

    monkeypatch.setattr(Validation, "errors_of", noted)
    return found


@pytest.fixture
def memory() -> Memory:
    return Lru(100 << 20)


@pytest.fixture
def requests(memory: Memory) -> Requests:
    limits = Limits()
    read = Documents(SCHEMA._schema, limits, introspection=False)
    return Requests(SCHEMA, read, memory, limits, Latencies(), planned=True)


def _prepared(requests: Requests, text: str, variables: dict[str, Any]) -> Prepared | Refused:
    return at_once(requests.prepare(text, GraphQLRequest(text, variables, "A" if "query B" in text else None), text))


@pytest.mark.parametrize(("text", "variables"), DEAR)
def test_what_costs_too_much_is_never_validated(
    requests: Requests, validated: list[DocumentNode], text: str, variables: dict[str, Any]
) -> None:
    text = text.replace("query($n: Int!)", "query A($n: Int!)")
    for _ in range(3):  # read, read again, remembered
        refused = _prepared(requests, text, variables)
        assert isinstance(refused, Refused)
        assert refused.code is ErrorCode.QUERY_TOO_COMPLEX
    assert validated == []


@pytest.mark.parametrize(("text", "variables"), FAIR)
def test_what_its_variables_make_cheap_is_not_refused_for_what_they_might_be(
    requests: Requests, text: str, variables: dict[str, Any]
) -> None:
    assert isinstance(_prepared(requests, text, variables), Prepared)


def test_a_document_refused_for_its_cost_is_still_validated_when_it_is_asked_for_less(
    requests: Requests, validated: list[DocumentNode]
) -> None:
    text = "query($n: Int)" + PAGES % ("$n", "$n") + " fragment Unused on User { id }"
    for _ in range(3):
        assert isinstance(_prepared(requests, text, {"n": 200}), Refused)
    assert not requests.has_read(text)
    refused = _prepared(requests, text, {"n": 1})
    assert isinstance(refused, Refused)
    assert refused.phase is Phase.VALIDATION
    assert len(validated) == 1
    assert requests.has_read(text)


def test_variables_too_many_are_refused_before_the_document_is_read(requests: Requests, validated: list[DocumentNode]) -> None:
    refused = _prepared(requests, "{ viewer { id } }", {"n": [1] * 2000})
    assert isinstance(refused, Refused)
    assert refused.code is ErrorCode.QUERY_TOO_COMPLEX
    assert validated == []


@pytest.mark.parametrize(
    "text",
    [
        "query($a: ID!) { viewer { id } }",
        "{ channel(id: $a) { id } }",
        "query($a: Int) { channel(id: $a) { id } }",
        "query($a: ID!) { ...F } fragment F on Query { channel(id: $b) { id } }",
    ],
)
def test_a_wrong_variable_is_found(requests: Requests, text: str) -> None:
    refused = _prepared(requests, text, {"a": "YwE"})
    assert isinstance(refused, Refused)
    assert refused.phase is Phase.VALIDATION


PAGE = (
    'query Page($after: String) { a%d: messages(channelId: "YwM", after: $after, first: 50) { pageInfo { endCursor hasNextPage }'
    " edges { cursor node { id seq content createdAt author { id name image } } } activeUsers } }"
)


@pytest.mark.parametrize(
    "text", [PAGE, '{ messages(channelId: "YwM", first: %d) { nodes { seq content } } }', "{ a%d: __typename }"]
)
def test_documents_that_requests_are_remembered_with_weigh_what_they_take(requests: Requests, memory: Memory, text: str) -> None:
    texts = [text % number for number in range(1, 301)]
    _remembered(requests, texts[:100])
    weighed = memory.weight
    tracemalloc.start()
    _remembered(requests, texts[100:])
    gc.collect()
    took, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(memory) == len(texts)
    # Some of it is in the memory of documents too, which has a bound of its own.
    assert 0.7 < (memory.weight - weighed) / took < 1.5


def test_many_requests_with_one_document_weigh_it_once_or_some_times(requests: Requests, memory: Memory) -> None:
    text = PAGE % 1
    for number in range(1_000):
        for _ in range(3):
            asked = GraphQLRequest(text, {"after": f"{number:040}"}, None)
            at_once(requests.prepare(f"{text}{number:040}", asked, text))
    assert len(memory) > 990
    assert memory.weight < 1_000 * (OVERHEAD_BYTES + 2 * 40) + 10 * bytes_of(text)


def _remembered(requests: Requests, texts: list[str]) -> None:
    for text in texts:
        for _ in range(3):
            _prepared(requests, text, {})


async def test_a_new_document_lets_others_go_on_between_its_steps(requests: Requests) -> None:
    text = "query($c: ID!) {" + " ".join(f"a{n}: channel(id: $c) {{ id name }}" for n in range(40)) + "}"
    asked = GraphQLRequest(text, {"c": "YwE"}, None)
    steps = list(requests.prepare(text, asked, text))
    assert len(steps) >= 5  # parsed; measured; priced; and some of validating
    others = 0

    async def other() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    assert isinstance(await one_by_one(requests.prepare(text, asked, text)), Prepared)
    assert others > len(steps)
    await end(beside)
    assert list(requests.prepare(text, asked, text)) == []


@pytest.mark.parametrize("text", [SEARCHES, "{ viewer { helo } }", "query($v: ID) { viewer { id } }"])
def test_a_document_that_is_refused_leaves_nothing_for_the_cycle_collector(requests: Requests, text: str) -> None:
    _prepared(requests, text, {})
    gc.collect()
    gc.disable()
    try:
        for number in range(20):
            _prepared(requests, f"#{number}\n{text}", {})
        assert gc.collect() < 20
    finally:
        gc.enable()
