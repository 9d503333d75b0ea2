"""Key sets: a real provider that rotates, fails and is flooded, and what tokens its keys make believable."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from app.identity import Tokens
from app.jwks import COOLDOWN_S, MAX_BYTES, KeySet, UnusableKeys, keys_in
from models.errors import Unauthenticated, Unavailable
from tests.asking import SECRET
from tests.forging import HEADER, signed

ISSUER, AUDIENCE = "https://idp", "chat"
# Made once: a key of 2048 bits takes a while.
RSA, SMALL_RSA = (rsa.generate_private_key(65537, bits) for bits in (2048, 1024))
EC, OTHER_EC, LARGE_EC = (ec.generate_private_key(curve) for curve in (ec.SECP256R1(), ec.SECP256R1(), ec.SECP384R1()))
ED = ed25519.Ed25519PrivateKey.generate()
PRIVATE: dict[str, Any] = {"RS256": RSA, "ES256": EC, "EdDSA": ED}


def _jwk(private: Any, kid: str | None = "k", **more: object) -> dict[str, Any]:
    names = {rsa.RSAPrivateKey: "RS256", ec.EllipticCurvePrivateKey: "ES256", ed25519.Ed25519PrivateKey: "EdDSA"}
    name = next(name for type_, name in names.items() if isinstance(private, type_))
    made: dict[str, Any] = json.loads(jwt.get_algorithm_by_name(name).to_jwk(private.public_key()))
    made.pop("key_ops", None)
    return {**made, **({"kid": kid} if kid is not None else {}), **more}


def _token(private: Any, algorithm: str, kid: str | None = "k", **claims: object) -> str:
    payload = {"sub": "alice", "iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 600, **claims}
    return jwt.encode(payload, private, algorithm, headers={"kid": kid} if kid is not None else None)


class Provider:
    """An identity provider; `keys` is what it publishes, `answer` what it says instead."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.answer: Callable[[], web.Response] | None = None
        self.asked = 0
        self.reached = asyncio.Event()
        self.held = asyncio.Event()
        self.held.set()

    async def serve(self, _request: web.Request) -> web.Response:
        self.asked += 1
        self.reached.set()
        await self.held.wait()
        return self.answer() if self.answer is not None else web.json_response({"keys": self.keys})


class World:
    """A provider, the tokens that believe it, and a clock that stands still."""

    def __init__(self, provider: Provider, url: str) -> None:
        self.provider = provider
        self.now_s = 1000.0
        self.keys = KeySet(url, clock_s=lambda: self.now_s)
        self.tokens = Tokens(None, ISSUER, AUDIENCE, self.keys)

    async def believes(self, token: str) -> bool:
        try:
            await self.tokens.verified(token)
        except Unauthenticated:
            return False
        return True


@pytest.fixture
async def world() -> AsyncIterator[World]:
    provider = Provider()
    app = web.Application()
    app.router.add_get("/keys", provider.serve)
    server = TestServer(app)
    await server.start_server()
    yield World(provider, str(server.make_url("/keys")))
    await server.close()


@pytest.mark.parametrize("algorithm", PRIVATE)
async def test_a_token_signed_with_a_published_key_is_believed(world: World, algorithm: str) -> None:
    world.provider.keys = [_jwk(private, name) for name, private in PRIVATE.items()]
    bearer = await world.tokens.verified(_token(PRIVATE[algorithm], algorithm, algorithm, roles=["service"]))
    assert bearer.roles == {"service"}
    assert world.provider.asked == 1


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(_token(OTHER_EC, "ES256", "ES256"), id="another key"),
        pytest.param(_token(RSA, "RS256", "ES256"), id="the id of another key"),
        pytest.param(_token(RSA, "RS512", "RS256"), id="another hash"),
        pytest.param(_token(RSA, "PS256", "RS256"), id="another padding"),
        pytest.param(_token(RSA, "RS256", None), id="no id"),
        pytest.param(_token(RSA, "RS256", "RS256", aud="other"), id="for somebody else"),
        pytest.param(_token(RSA, "RS256", "RS256", iss="https://evil"), id="of somebody else"),
        pytest.param(_token(RSA, "RS256", "RS256", exp=1), id="expired"),
        pytest.param(_token(SECRET, "HS256", "RS256"), id="a secret"),
        pytest.param(
            # Public to everybody: who takes it for a shared secret believes anybody.
            signed(
                {"sub": "alice", "iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 600},
                RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
                header={**HEADER, "kid": "RS256"},
            ),
            id="the public key as a secret",
        ),
    ],
)
async def test_any_other_token_is_not(world: World, token: str) -> None:
    world.provider.keys = [_jwk(private, name) for name, private in PRIVATE.items()]
    assert not await world.believes(token)


async def test_a_flood_of_unknown_ids_asks_the_provider_once_in_30_seconds(world: World) -> None:
    world.provider.keys = [_jwk(EC)]
    world.provider.held.clear()
    flood = [asyncio.create_task(world.believes(_token(EC, "ES256", f"k{number}"))) for number in range(50)]
    await world.provider.reached.wait()
    world.provider.held.set()
    assert not any(await asyncio.gather(*flood))
    for number in range(50):
        assert not await world.believes(_token(EC, "ES256", f"x{number}"))
    assert world.provider.asked == 1
    assert await world.believes(_token(EC, "ES256"))
    world.now_s += COOLDOWN_S
    assert not await world.believes(_token(EC, "ES256", "y"))
    assert world.provider.asked == 2


async def test_while_keys_rotate_the_old_and_the_new_are_valid_and_then_the_new_alone(world: World) -> None:
    old, new = _token(EC, "ES256", "old"), _token(OTHER_EC, "ES256", "new")
    changes = 0

    def count() -> None:
        nonlocal changes
        changes += 1

    world.keys.on_change(count)
    world.provider.keys = [_jwk(EC, "old")]
    assert await world.believes(old)
    world.provider.keys = [_jwk(EC, "old"), _jwk(OTHER_EC, "new")]
    assert not await world.believes(new)  # the provider was asked a moment ago
    world.now_s += COOLDOWN_S
    assert await world.believes(new)
    assert await world.believes(old)
    world.provider.keys = [_jwk(OTHER_EC, "new")]
    world.now_s += COOLDOWN_S
    assert not await world.believes(_token(EC, "ES256", "unknown"))
    assert not await world.believes(old)
    assert await world.believes(new)
    assert changes == 3


def _too_large() -> web.Response:
    return web.Response(body=b" " * (MAX_BYTES + 1), content_type="application/json")


FAILURES: dict[str, Callable[[], web.Response]] = {
    "an error": lambda: web.Response(status=500),
    "another place": lambda: web.Response(status=302, headers={"Location": "/keys"}),
    "no JSON": lambda: web.Response(text="<html>"),
    "no key set": lambda: web.json_response([]),
    "no list": lambda: web.json_response({"keys": {}}),
    "too many": lambda: web.json_response({"keys": [{}] * 101}),
    "too large": _too_large,
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_while_the_provider_fails_the_last_keys_count(world: World, failure: str) -> None:
    world.provider.keys = [_jwk(EC)]
    assert await world.believes(_token(EC, "ES256"))
    world.provider.answer = FAILURES[failure]
    world.now_s += COOLDOWN_S
    assert not await world.believes(_token(EC, "ES256", "new"))
    assert world.provider.asked == 2
    assert await world.believes(_token(EC, "ES256"))


async def test_before_the_first_keys_nobody_can_be_told_from_anybody(world: World) -> None:
    world.provider.answer = FAILURES["an error"]
    with pytest.raises(Unavailable):
        await world.tokens.verified(_token(EC, "ES256"))
    world.provider.answer, world.provider.keys = None, [_jwk(EC)]
    with pytest.raises(Unavailable):
        await world.tokens.verified(_token(EC, "ES256"))
    world.now_s += COOLDOWN_S
    assert await world.believes(_token(EC, "ES256"))


async def test_a_provider_that_does_not_answer_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.jwks.FETCH_S", 0.05)
    world.provider.held.clear()
    with pytest.raises(Unavailable):
        await world.tokens.verified(_token(EC, "ES256"))
    world.provider.held.set()


UNUSABLE: dict[str, object] = {
    "without an id": _jwk(EC, None),
    "with an empty id": _jwk(EC, kid=""),
    "for encryption": _jwk(EC, use="enc"),
    "for signing": _jwk(EC, key_ops=["sign"]),
    "for what is no list": _jwk(EC, key_ops="verify"),
    "of one curve for another": _jwk(EC, alg="ES384"),
    "public for a secret's algorithm": _jwk(RSA, alg="HS256"),
    "private": _jwk(EC, d="AAAA"),
    "not on its curve": _jwk(EC, x="AAAA"),
    "of another curve": _jwk(LARGE_EC),
    "too small": _jwk(SMALL_RSA),
    "a secret": {"kty": "oct", "k": "AAAA", "kid": "k", "alg": "HS256"},
    "without a number": {"kty": "RSA", "kid": "k"},
    "of no type": {"kty": 5, "kid": "k"},
    "no object": "k",
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_key_that_is_not_for_verifying_is_left_out(name: str) -> None:
    assert list(keys_in({"keys": [UNUSABLE[name], _jwk(ED, "good")]})) == ["good"]


def test_of_two_keys_with_one_id_the_first_counts() -> None:
    assert keys_in({"keys": [_jwk(ED), _jwk(EC)]})["k"].algorithm_name == "EdDSA"


def test_what_is_no_key_set_is_refused() -> None:
    for content in (None, 5, "keys", {}, {"keys": None}):
        with pytest.raises(UnusableKeys):
            keys_in(content)


async def test_a_secret_and_a_key_set_may_be_used_together(world: World) -> None:
    world.provider.keys = [_jwk(EC)]
    both = Tokens(SECRET, ISSUER, AUDIENCE, world.keys)
    assert (await both.verified(both.issue("bob", roles=["service"]))).roles == {"service"}
    assert world.provider.asked == 0
    assert (await both.verified(_token(EC, "ES256"))).roles == set()
