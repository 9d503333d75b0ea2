"""Keys of an identity provider (JWKS, RFC 7517), by their ids.

Rule: whoever asks, the provider is asked at most once in 30 s, by one request at a time; while it does not answer, the
last keys count. A key is used with the one algorithm that it is for, and a change of keys is told to who remembers tokens.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from yarl import URL

from models.errors import Unavailable
from models.tasks import end

log = logging.getLogger("pollux.jwks")

# What a key is for, by its type and curve.
ALGORITHMS: dict[tuple[str | None, str | None], str] = {
    ("RSA", None): "RS256",
    ("EC", "P-256"): "ES256",
    ("OKP", "Ed25519"): "EdDSA",
}
SMALLEST_RSA_BITS = 2048
COOLDOWN_S = 30.0
REFRESH_S = 300.0
FETCH_S = 5.0
MAX_BYTES = 256 * 1024
MAX_KEYS = 100


class UnusableKeys(Exception):
    """What the provider answered is no key set."""


class KeySet:
    """The keys at one address."""

    def __init__(self, url: str, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock_s = clock_s
        self._keys: dict[str, jwt.PyJWK] | None = None
        self._content: object = None
        self._flight: asyncio.Task[None] | None = None
        self._asked_s = float("-inf")
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever the keys are others than before."""
        self._listeners.append(listener)

    def find(self, key_id: str) -> jwt.PyJWK | None:
        """Return the key with this id, None where none is known."""
        return self._keys.get(key_id) if self._keys is not None else None

    async def look_for(self, key_id: str) -> None:
        """Ask the provider, if the key is not known and it was not asked lately. Raises Unavailable before the first keys."""
        if self.find(key_id) is None:
            await self._refresh()
            if self._keys is None:
                raise Unavailable(int(1000 * COOLDOWN_S))

    async def run(self) -> None:
        """Keep the keys fresh until cancelled."""
        while True:
            await self._refresh()
            await asyncio.sleep(COOLDOWN_S if self._keys is None else REFRESH_S * random.uniform(0.8, 1.0))  # noqa: S311  # no secret

    async def running(self, _app: object) -> AsyncIterator[None]:
        """Keep the keys fresh while an application runs; the first are there before it serves, if the provider answers."""
        await self._refresh()
        task = asyncio.create_task(self.run(), name="jwks")
        yield
        await end(task)
        if self._flight is not None:
            await end(self._flight)

    async def _refresh(self) -> None:
        """Ask the provider unless it was asked lately, and wait for the answer, whoever asked."""
        if self._flight is None and self._clock_s() - self._asked_s >= COOLDOWN_S:
            self._asked_s = self._clock_s()
            self._flight = asyncio.create_task(self._fetch(), name="jwks fetch")
        if self._flight is not None:
            await asyncio.shield(self._flight)

    async def _fetch(self) -> None:
        try:
            content = await _content_of(self._url)
            if content != self._content:
                self._keys, self._content = keys_in(content), content
                log.info("keys of %s: %s", URL(self._url).host, ", ".join(map(ascii, self._keys)) or "none")
                for listener in self._listeners:
                    listener()
        except (aiohttp.ClientError, TimeoutError, OSError, UnusableKeys) as error:
            kept = "the last ones count" if self._keys is not None else "nobody can sign in until it does"
            log.error("the key set at %s cannot be read (%r); %s", URL(self._url).host, error, kept)  # noqa: TRY400  # no defect of ours
        finally:
            self._flight = None


async def _content_of(url: str) -> object:
    """Return the JSON at an address. Raises what aiohttp does, TimeoutError, UnusableKeys."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_S)) as session,
        # A provider that moved should be named in the setting: who answers at the address decides who signs in.
        session.get(url, headers={"Accept": "application/json"}, allow_redirects=False) as answer,
    ):
        if answer.status != 200:
            raise UnusableKeys(f"status {answer.status}")
        body = b""
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > MAX_BYTES:
                raise UnusableKeys(f"larger than {MAX_BYTES} bytes")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UnusableKeys(str(error)) from None


def keys_in(content: object) -> dict[str, jwt.PyJWK]:
    """Return the usable keys of a key set by their ids; of several with one id the first. Raises UnusableKeys."""
    listed = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise UnusableKeys("no list of keys")
    found: dict[str, jwt.PyJWK] = {}
    for one in listed:
        key = _key(one) if isinstance(one, dict) else None
        if key is not None:
            found.setdefault(one["kid"], key)
    return found


def _key(given: dict[str, Any]) -> jwt.PyJWK | None:
    """Return a key for signatures of the kinds that are believed, else None."""
    algorithm = ALGORITHMS.get((_text(given, "kty"), _text(given, "crv")))
    operations = given.get("key_ops", ["verify"])
    if (
        algorithm is None
        or not _text(given, "kid")
        or given.get("alg", algorithm) != algorithm
        or given.get("use", "sig") != "sig"
        or not isinstance(operations, list)
        or "verify" not in operations
    ):
        return None
    if "d" in given:
        log.error("the key %s is private and everybody can read it; it is not used", ascii(given["kid"]))
        return None
    try:
        key = jwt.PyJWK(given, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        log.warning("the key %s cannot be read: %s", ascii(given["kid"]), error)
        return None
    if isinstance(key.key, RSAPublicKey) and key.key.key_size < SMALLEST_RSA_BITS:
        log.warning("the key %s has %d bits; at least %d are needed", ascii(given["kid"]), key.key.key_size, SMALLEST_RSA_BITS)
        return None
    return key


def _text(given: dict[str, Any], name: str) -> str | None:
    value = given.get(name)
    return value if isinstance(value, str) else None
