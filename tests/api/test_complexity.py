"""Limits on operations over HTTP: what is refused says why and costs little, what it costs is told when asked for."""

from typing import Any

import pytest

from tests.asking import Api, token

BEARER = {"Authorization": f"Bearer {token('alice')}"}
STRICT = "application/graphql-response+json"
MANY = "{" + " ".join(f"a{number}: viewer {{ id }}" for number in range(60)) + "}"
HUGE = "query($n: Int = 10, $m: Int = 10) { channels(first: $n) { nodes { messages(last: $m) { nodes { content } } } } }"


async def _post(api: Api, payload: dict[str, Any], accept: str = STRICT) -> tuple[int, dict[str, Any]]:
    response = await api.client.post("/graphql", json=payload, headers={**BEARER, "Accept": accept})
    return response.status, await response.json(content_type=None)


@pytest.mark.parametrize(("accept", "status"), [(STRICT, 422), ("application/json", 200)])
@pytest.mark.parametrize(
    "payload",
    [
        {"query": MANY},
        {"query": "{ " + "id " * 3000 + "}"},
        {"query": HUGE, "variables": {"n": 200, "m": 200}},
        {"query": "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", "variables": {"ids": ["a"] * 1001}},
    ],
    ids=["aliases", "tokens", "cost", "variables"],
)
async def test_what_asks_for_too_much_is_one_error(api: Api, payload: dict[str, Any], accept: str, status: int) -> None:
    for _ in range(3):  # read, remembered, known
        found, body = await _post(api, payload, accept)
        assert (found, [error["extensions"]["code"] for error in body["errors"]]) == (status, ["QUERY_TOO_COMPLEX"])
        assert "data" not in body


async def test_the_cost_of_an_operation_depends_on_its_variables(api: Api) -> None:
    for _ in range(3):
        for variables, cost in (({"n": 3}, 2 + 3 * 12), ({}, 2 + 10 * 12), ({"n": 1, "m": 1}, 2 + 3)):
            status, body = await _post(api, {"query": HUGE, "variables": variables, "extensions": {"cost": True}})
            assert (status, body["extensions"]) == (200, {"cost": {"requested": cost, "limit": 10_000}})
            assert "extensions" not in (await _post(api, {"query": HUGE, "variables": variables}))[1]
    status, body = await _post(api, {"query": HUGE, "variables": {"n": 200, "m": 200}})
    assert (status, body["errors"][0]["extensions"]) == (422, {"code": "QUERY_TOO_COMPLEX", "cost": 2 + 200 * 202})


async def test_a_partial_answer_says_its_cost_too(api: Api) -> None:
    status, body = await _post(api, {"query": '{ viewer { id } channel(id: "x") { id } }', "extensions": {"cost": True}})
    assert (status, body["extensions"]["cost"]["requested"], body["data"]["channel"]) == (294, 3, None)


@pytest.mark.parametrize("asked", [1, "true", [], {}])
async def test_asking_for_the_cost_is_true_or_false(api: Api, asked: object) -> None:
    status, body = await _post(api, {"query": "{ viewer { id } }", "extensions": {"cost": asked}})
    assert (status, body["errors"][0]["extensions"]["code"]) == (422, "BAD_REQUEST")
