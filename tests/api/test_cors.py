"""CORS over HTTP: whatever is answered, an allowed site may read it, and no other site is told anything."""

import pytest
from multidict import CIMultiDictProxy
from pytest_aiohttp import AiohttpClient

from app.settings import Settings
from app.wiring import build_app
from cache.redis_level import RedisLevel
from resolvers.services import Services
from tests.asking import HttpClient, token

CHAT = "https://chat.example.org"
BEARER = {"Authorization": f"Bearer {token('alice')}"}
OTHERS = (None, "https://evil.example", "null", f"{CHAT}.evil.example")
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


@pytest.fixture
async def site(settings: Settings, opened: tuple[Services, RedisLevel], aiohttp_client: AiohttpClient) -> HttpClient:
    """A server that one other site may call."""
    return await aiohttp_client(build_app(settings.model_copy(update={"allowed_origins": frozenset({CHAT})}), *opened))


def _from(origin: str | None) -> dict[str, str]:
    return {} if origin is None else {"Origin": origin}


def _cors(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower().startswith("access-control-")}


async def test_a_preflight_of_an_allowed_site_is_answered(site: HttpClient) -> None:
    response = await site.options("/graphql", headers={"Origin": CHAT, **PREFLIGHT})
    assert (response.status, await response.read()) == (204, b"")
    assert response.headers["Access-Control-Allow-Origin"] == CHAT
    assert response.headers["Access-Control-Allow-Methods"] == "GET, POST, QUERY"
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
    assert response.headers["Access-Control-Max-Age"] == "7200"
    assert "Origin" in response.headers["Vary"]


@pytest.mark.parametrize("origin", OTHERS)
async def test_a_preflight_of_any_other_site_allows_nothing(site: HttpClient, origin: str | None) -> None:
    response = await site.options("/graphql", headers={**_from(origin), **PREFLIGHT})
    assert (response.status, response.headers["Allow"], _cors(response.headers)) == (204, "GET, POST, QUERY", {})


@pytest.mark.parametrize(
    ("method", "query", "headers", "status"),
    [
        ("POST", "{ viewer { name } }", BEARER, 200),
        ("QUERY", "{ viewer { name } }", BEARER, 200),
        ("POST", "{", {**BEARER, "Accept": "application/graphql-response+json"}, 400),
        ("POST", "{ nonsense }", {**BEARER, "Accept": "application/graphql-response+json"}, 422),
        ("POST", "{ viewer { name } }", {}, 401),
        ("POST", "{ viewer { name } }", {**BEARER, "Accept": "text/plain"}, 406),
        ("DELETE", "{ viewer { name } }", BEARER, 405),
        ("POST", "{ viewer { name } }", {**BEARER, "Content-Type": "text/plain"}, 415),
        ("POST", "x" * 300_000, BEARER, 413),
    ],
)
async def test_every_answer_may_be_read_by_an_allowed_site_alone(
    site: HttpClient, method: str, query: str, headers: dict[str, str], status: int
) -> None:
    body = b'{"query": "%s"}' % query.encode()
    for origin in (CHAT, *OTHERS):
        sent = {"Content-Type": "application/json", **headers, **_from(origin)}
        response = await site.request(method, "/graphql", data=body, headers=sent)
        assert response.status == status
        assert "Origin" in response.headers["Vary"]
        found = _cors(response.headers)
        if origin == CHAT:
            assert (found.pop("Access-Control-Allow-Origin"), list(found)) == (CHAT, ["Access-Control-Expose-Headers"])
            assert "X-Poll-Interval" in found["Access-Control-Expose-Headers"]
        else:
            assert found == {}


async def test_no_site_is_allowed_where_none_is_named(client: HttpClient) -> None:
    for method in ("OPTIONS", "POST"):
        response = await client.request(
            method, "/graphql", json={"query": "{ viewer { name } }"}, headers={**BEARER, "Origin": CHAT}
        )
        assert _cors(response.headers) == {}
