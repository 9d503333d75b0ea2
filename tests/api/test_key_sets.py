"""What is remembered of a token ends with the token, and with the key that signed it."""

import json
import time
from types import SimpleNamespace

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_aiohttp import AiohttpClient

from app.identity import LEEWAY_S
from app.settings import Settings
from app.wiring import VIEW, build_app
from cache.redis_level import RedisLevel
from resolvers.services import Services
from tests.asking import SECRET, HttpClient

OLD, NEW = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


def _jwk(private: ec.EllipticCurvePrivateKey, kid: str) -> dict[str, object]:
    return {**json.loads(jwt.get_algorithm_by_name("ES256").to_jwk(private.public_key())), "kid": kid}


def _token(private: ec.EllipticCurvePrivateKey, kid: str, lifetime_s: int = 600) -> str:
    return jwt.encode({"sub": "alice", "exp": int(time.time()) + lifetime_s}, private, "ES256", headers={"kid": kid})


async def _poll(client: HttpClient, token: str) -> tuple[int, str]:
    answer = await client.post("/graphql", json={"query": "{ viewer { id } }"}, headers={"Authorization": f"Bearer {token}"})
    body = await answer.json()
    return answer.status, body["errors"][0]["extensions"].get("reason", "") if "errors" in body else ""


async def test_a_remembered_token_is_forgotten_with_its_key(
    settings: Settings, opened: tuple[Services, RedisLevel], aiohttp_client: AiohttpClient
) -> None:
    published = [_jwk(OLD, "old")]

    async def keys(_request: web.Request) -> web.Response:
        return web.json_response({"keys": published})

    provider = web.Application()
    provider.router.add_get("/keys", keys)
    async with TestServer(provider) as server:
        app = build_app(settings.model_copy(update={"jwks_url": str(server.make_url("/keys"))}), *opened)
        client = await aiohttp_client(app)
        key_set = app[VIEW].answering._viewers._tokens.keys
        assert key_set is not None
        old, new = _token(OLD, "old"), _token(NEW, "new")
        assert [await _poll(client, old) for _ in range(3)] == [(200, "")] * 3
        assert await _poll(client, new) == (401, "invalid")
        published[:] = [_jwk(NEW, "new")]
        key_set._asked_s = float("-inf")
        assert await _poll(client, new) == (200, "")
        assert await _poll(client, old) == (401, "invalid")
        assert await _poll(client, jwt.encode({"sub": "alice", "exp": 1}, SECRET, "HS256")) == (401, "expired")


async def test_a_remembered_token_ends_when_it_expires(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    token = jwt.encode({"sub": "alice", "exp": int(time.time()) + 600}, SECRET, "HS256")
    assert [await _poll(client, token) for _ in range(3)] == [(200, "")] * 3
    monkeypatch.setattr("app.identity.time", SimpleNamespace(time=lambda: time.time() + 600 + LEEWAY_S + 5))
    monkeypatch.setattr("app.identity.LEEWAY_S", -601)  # what PyJWT, whose clock goes on, would say then
    assert await _poll(client, token) == (401, "expired")
