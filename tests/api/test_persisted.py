"""Persisted documents over HTTP: named by hash or identifier, kept for others, and where a manifest is set, the only ones."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from pytest_aiohttp import AiohttpClient

from app.settings import Settings
from app.wiring import build_app, open_services
from cache.redis_level import RedisLevel
from resolvers.services import Services
from tests.asking import Api, HttpClient, token

JSON, GRAPHQL_JSON = "application/json", "application/graphql-response+json"
BEARER = {"Authorization": f"Bearer {token('alice')}"}
TEXT = "query Me { viewer { name } }"
INTROSPECTION = "{ __schema { queryType { name } } }"
ALICE = {"data": {"viewer": {"name": "Alice"}}}
# Redis is given a moment for each document and no more: on a busy machine one may not get there.
ATTEMPTS = 50

Send = Callable[..., Awaitable[ClientResponse]]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _apq(text: str, **more: object) -> dict[str, Any]:
    """Return what asks for a text by its hash alone."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": _hash(text)}}, **more}


async def _by_get(client: HttpClient, payload: dict[str, Any], accept: str = JSON) -> ClientResponse:
    params = {key: value if isinstance(value, str) else json.dumps(value) for key, value in payload.items()}
    return await client.get("/graphql", params=params, headers={**BEARER, "Accept": accept})


async def _by_post(client: HttpClient, payload: dict[str, Any], accept: str = JSON) -> ClientResponse:
    return await client.post("/graphql", json=payload, headers={**BEARER, "Accept": accept})


async def _by_query(client: HttpClient, payload: dict[str, Any], accept: str = JSON) -> ClientResponse:
    return await client.request("QUERY", "/graphql", json=payload, headers={**BEARER, "Accept": accept})


async def _refusal(response: ClientResponse) -> tuple[int, str, str]:
    """Return status, code and message of an answer that holds nothing but one error."""
    body = await response.json(content_type=None)
    assert list(body) == ["errors"]
    assert response.headers["Cache-Control"] == "no-store"
    return response.status, body["errors"][0]["extensions"]["code"], body["errors"][0]["message"]


NOT_FOUND = (200, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")


@pytest.mark.parametrize("send", [_by_get, _by_post, _by_query])
@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON])
async def test_a_document_is_registered_by_use_and_then_asked_for_by_its_hash(api: Api, send: Send, accept: str) -> None:
    text = f"{TEXT} # {send.__name__} {accept} {id(api)}"
    by_id = {"documentId": f"sha256:{_hash(text)}"}
    assert await _refusal(await send(api.client, _apq(text), accept)) == NOT_FOUND
    assert await _refusal(await send(api.client, by_id, accept)) == NOT_FOUND
    for payload in (_apq(text, query=text), _apq(text), _apq(text, query=""), by_id):
        response = await send(api.client, payload, accept)
        assert (response.status, response.content_type, await response.json(content_type=None)) == (200, accept, ALICE)


async def test_variables_and_the_operations_name_come_with_the_hash(api: Api) -> None:
    text = "query A($i: ID!) { node(id: $i) { id } } query B { viewer { name } }"
    asked = _apq(text, operationName="A", variables={"i": await api.user_id("alice")})
    assert (await _by_post(api.client, {**asked, "query": text})).status == 200
    assert (await (await _by_get(api.client, asked)).json())["data"]["node"]["id"] == asked["variables"]["i"]
    assert await (await _by_get(api.client, _apq(text, operationName="B"))).json() == ALICE


async def test_a_mutation_by_its_hash_still_needs_post(api: Api) -> None:
    text = "mutation { markAllNotificationsRead { inbox { id } } }"
    assert (await _by_post(api.client, _apq(text, query=text))).status == 200
    refused = await _by_get(api.client, _apq(text))
    assert (refused.status, refused.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (_apq(TEXT, query=f"{TEXT} "), "PERSISTED_QUERY_MISMATCH"),
        ({"query": TEXT, "documentId": "x"}, "BAD_REQUEST"),
        ({"documentId": 5}, "BAD_REQUEST"),
        ({"documentId": f"sha256:{_hash(TEXT).upper()}"}, "BAD_REQUEST"),
        ({"extensions": {"persistedQuery": {"version": 2, "sha256Hash": _hash(TEXT)}}}, "BAD_REQUEST"),
        ({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": _hash(TEXT)[1:]}}}, "BAD_REQUEST"),
        ({"query": TEXT, "extensions": {"persistedQuery": {}}}, "BAD_REQUEST"),
    ],
)
async def test_a_malformed_way_of_asking_is_a_malformed_request(api: Api, payload: dict[str, Any], code: str) -> None:
    for accept, status in ((JSON, 400), (GRAPHQL_JSON, 422)):
        assert (await _refusal(await _by_post(api.client, payload, accept)))[:2] == (status, code)


@pytest.mark.parametrize(("text", "status"), [("{", 400), ("{ nonsense }", 422)])
async def test_what_is_refused_is_not_registered(api: Api, text: str, status: int) -> None:
    assert (await _by_post(api.client, _apq(text, query=text), GRAPHQL_JSON)).status == status
    assert await _refusal(await _by_post(api.client, _apq(text))) == NOT_FOUND


async def test_nobody_without_a_token_registers_or_asks(api: Api) -> None:
    for payload in (_apq(TEXT, query=f"{TEXT} # 2"), _apq(TEXT)):
        assert (await api.client.post("/graphql", json=payload)).status == 401


async def test_another_process_finds_what_one_registered(
    api: Api, settings: Settings, opened: tuple[Services, RedisLevel], aiohttp_client: AiohttpClient
) -> None:
    async with open_services(settings) as parts:
        another = await aiohttp_client(build_app(settings, *parts))
        for attempt in range(ATTEMPTS):
            text = f"{TEXT} # {id(api)} {attempt}"
            await _by_post(api.client, _apq(text, query=text))
            await opened[1].settled()
            if await (await _by_get(another, _apq(text))).json() == ALICE:
                return
    raise AssertionError("what one process registered, another never found")


@pytest.fixture
async def trusting(
    settings: Settings, opened: tuple[Services, RedisLevel], aiohttp_client: AiohttpClient, tmp_path: Path
) -> HttpClient:
    """A server that trusts one document."""
    path = tmp_path / "documents.json"
    path.write_text(json.dumps({"Me.1": TEXT}))
    return await aiohttp_client(build_app(settings.model_copy(update={"trusted_documents": path}), *opened))


@pytest.mark.parametrize("send", [_by_get, _by_post, _by_query])
async def test_a_trusted_document_runs_by_its_id_its_hash_and_its_text(trusting: HttpClient, send: Send) -> None:
    for payload in (
        {"documentId": "Me.1"},
        {"documentId": f"sha256:{_hash(TEXT)}"},
        _apq(TEXT),
        _apq(TEXT, query=TEXT),
        {"query": TEXT},
    ):
        assert await (await send(trusting, payload)).json() == ALICE


@pytest.mark.parametrize("text", [f"{TEXT} ", "{ viewer { id } }", INTROSPECTION, "{ nonsense }", "{"])
async def test_no_other_document_runs_where_documents_are_trusted(trusting: HttpClient, text: str) -> None:
    for accept, status in ((JSON, 200), (GRAPHQL_JSON, 422)):
        for payload in ({"query": text}, _apq(text, query=text)):
            assert (await _refusal(await _by_post(trusting, payload, accept)))[:2] == (status, "UNTRUSTED_DOCUMENT")
    for payload in (_apq(text), {"documentId": f"sha256:{_hash(text)}"}, {"documentId": "Me.2"}):
        assert await _refusal(await _by_post(trusting, payload)) == NOT_FOUND


async def test_what_others_registered_does_not_run_where_documents_are_trusted(api: Api, trusting: HttpClient) -> None:
    text = "{ viewer { id } }"
    assert (await _by_post(api.client, _apq(text, query=text))).status == 200
    assert await _refusal(await _by_post(trusting, _apq(text))) == NOT_FOUND


async def test_graphiql_loads_where_documents_are_trusted(trusting: HttpClient) -> None:
    response = await trusting.get("/graphql", headers={"Accept": "text/html"})
    assert (response.status, response.content_type) == (200, "text/html")
