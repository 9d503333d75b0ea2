"""Reading requests in steps: what is too dear is refused before it is validated, and nobody waits for a whole document."""

from typing import Any

import pytest
from graphql import validate

from app.documents import LONG, Documents, Phase
from app.graphql_request import GraphQLRequest
from app.limits import Limits
from app.requests import Prepared, Refused, Requests
from app.steps import at_once, one_by_one
from cache.lru import Lru
from models.errors import ErrorCode
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
def validated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many rules each validation had, in order."""
    found: list[int] = []

    def counted(schema: Any, node: Any, rules: Any, *rest: Any, **named: Any) -> Any:
        found.append(len(rules))
        return validate(schema, node, rules, *rest, **named)

    monkeypatch.setattr("app.documents.validate", counted)
    return found


@pytest.fixture
def requests() -> Requests:
    limits = Limits()
    read = Documents(SCHEMA._schema, limits, introspection=False)
    return Requests(SCHEMA, read, Lru(1 << 20), limits, Latencies(), planned=True)


def _prepared(requests: Requests, text: str, variables: dict[str, Any]) -> Prepared | Refused:
    return at_once(requests.prepare(text, GraphQLRequest(text, variables, "A" if "query B" in text else None), text))


@pytest.mark.parametrize(("text", "variables"), DEAR)
def test_what_costs_too_much_is_never_validated(
    requests: Requests, validated: list[int], text: str, variables: dict[str, Any]
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
    requests: Requests, validated: list[int]
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


def test_variables_too_many_are_refused_before_the_document_is_read(requests: Requests, validated: list[int]) -> None:
    refused = _prepared(requests, "{ viewer { id } }", {"n": [1] * 2000})
    assert isinstance(refused, Refused)
    assert refused.code is ErrorCode.QUERY_TOO_COMPLEX
    assert validated == []


def test_rules_of_variables_are_asked_only_where_there_are_any(requests: Requests, validated: list[int]) -> None:
    _prepared(requests, "{ viewer { id } }", {})
    _prepared(requests, "query($c: ID!) { channel(id: $c) { id } }", {"c": "YwE"})
    _prepared(requests, "query($c: ID!) { channel(id: $c) { id } }".ljust(LONG + 1), {"c": "YwE"})
    without, both, first, second = validated
    assert both == first + second
    assert without == first


@pytest.mark.parametrize(
    "text",
    [
        "query($a: ID!) { viewer { id } }",
        "{ channel(id: $a) { id } }",
        "query($a: Int) { channel(id: $a) { id } }",
        "query($a: ID!) { ...F } fragment F on Query { channel(id: $b) { id } }",
    ],
)
@pytest.mark.parametrize("length", [0, LONG + 1])
def test_a_wrong_variable_is_found_in_a_text_of_any_length(requests: Requests, text: str, length: int) -> None:
    refused = _prepared(requests, text.ljust(length), {"a": "YwE"})
    assert isinstance(refused, Refused)
    assert refused.phase is Phase.VALIDATION


async def test_a_new_document_lets_others_go_on_between_its_steps(requests: Requests) -> None:
    text = "query($c: ID!) { channel(id: $c) { id } }".ljust(LONG + 1)
    asked = GraphQLRequest(text, {"c": "YwE"}, None)
    steps = list(requests.prepare(text, asked, text))
    assert len(steps) == 4  # parsed; priced; validated; its variables too
    assert isinstance(await one_by_one(requests.prepare(text, asked, text)), Prepared)
    assert list(requests.prepare(text, asked, text)) == []
