"""Charges: what each request costs whom, and what its answer says of it (IETF draft-ietf-httpapi-ratelimit-headers).

Rule: a request is charged before the work it causes. One that was asked before and whose answer holds costs one unit, taken
from a lease in the process; everything else costs what it may look at, of which what its answer did not hold is given back,
and each change counts as a send besides.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from app.addresses import Network, client_address
from app.identity import Known, Viewers
from app.rate_settings import RateSettings
from cache.rates import QUANTUM, Key, Limit, Meter, Rates
from models.errors import Unauthenticated
from resolvers.context import SERVICE_ROLES, Viewer
from schema.build import PolluxSchema
from schema.changes import changes_of
from schema.operation import Operation

# An unchanged poll; also what any request costs before it is known what it asks for.
POLL = 1.0
# Reading a request that was not seen before, and planning it: by its length.
CHARACTERS_A_UNIT = 100
# Parsing and validating a document that was not seen before: 1000 tokens in 4000 characters take some 10 ms.
CHARACTERS_OF_A_DOCUMENT_A_UNIT = 25
# An object of an answer takes hardly less than this, so no answer of this many bytes looked at more objects.
BYTES_A_UNIT = 20
# A token that is not believed: verifying a signature takes about as long as some unchanged polls.
REFUSED_TOKEN = 10.0
# A trusted back end speaks for many users.
SERVICE_FACTOR = 50
MAX_USERS = 100_000
# Nobody spends from it, so that it stays empty.
_EMPTY = Meter()


class Sender(Protocol):
    """What is known of who sent a request: the connection, and what proxies said of it."""

    @property
    def transport(self) -> asyncio.BaseTransport | None: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class Charges:
    """Charges requests. Without `rates` everything is free."""

    def __init__(self, rates: Rates | None, settings: RateSettings, schema: PolluxSchema) -> None:
        self.rates = rates
        self.schema = schema
        self.sends, self.cost = Limit("sends", *settings.rate_sends), Limit("cost", *settings.rate_cost)
        self.channel = Limit("channel", *settings.rate_channel)
        self.address_sends = Limit("sends", *settings.rate_address_sends)
        self._address_cost = Limit("cost", *settings.rate_address_cost)
        self._trusted: Sequence[Network] = settings.trusted_proxies
        self._meters: dict[int, Meter] = {}
        self._free = Meter(left=math.inf)

    def meter(self, user_id: int) -> Meter:
        """Return what a user may spend without asking further."""
        return self._meters.get(user_id, _EMPTY) if self.rates is not None else self._free

    def remember(self, user_id: int, meter: Meter) -> None:
        """Let a user's further requests find their meter at once."""
        while len(self._meters) >= MAX_USERS:
            del self._meters[next(iter(self._meters))]
        self._meters[user_id] = meter

    async def authorized(self, sender: Sender, viewers: Viewers, authorization: str) -> Known:
        """Return whom a token speaks for; its address is charged for one that is not believed.

        Raises Unauthenticated, RateLimited, Unavailable.
        """
        try:
            return await viewers.authorize(authorization)
        except Unauthenticated:
            await self.spend_of_address(sender, REFUSED_TOKEN)
            raise

    async def spend_of_address(self, sender: Sender, units: float) -> None:
        """Charge the address of a request. Raises RateLimited."""
        address = self.address_of(sender)
        if address and self.rates is not None:
            key = self._address_cost.of("a", address)
            await self.rates.lease(key, units)
            self.rates.meter(key).left -= units

    def address_of(self, sender: Sender) -> str:
        """Return the address that a request is limited by, empty where there is none."""
        peer = sender.transport.get_extra_info("peername") if sender.transport is not None else None
        return client_address(peer, sender.headers, self._trusted)


class Payer:
    """Who pays for a request: its viewer, and their address."""

    __slots__ = ("_changes", "_charges", "_key", "_meter", "_sender", "_taken", "_viewer", "_work", "told")

    def __init__(self, charges: Charges, sender: Sender, viewer: Viewer) -> None:
        self._charges, self._sender, self._viewer = charges, sender, viewer
        self._meter = charges.meter(viewer.user_id)
        self._key: Key | None = None
        self._taken, self._work, self._changes = 0.0, 0, False
        # Whether the answer says what is left: those that cost more than an unchanged poll do.
        self.told = False

    def polls(self) -> bool:
        """Take what an unchanged poll costs; whether there was as much."""
        if self._meter.left < POLL:
            return False
        self._meter.left -= POLL
        return True

    async def spend(self, units: float) -> None:
        """Charge the viewer, and their address for what the viewer leases. Raises RateLimited."""
        self.told = True
        if self._meter.left < units:
            await self._lease(units)
        self._meter.left -= units

    async def _lease(self, units: float) -> None:
        charges, rates = self._charges, self._charges.rates
        assert rates is not None  # else there is always enough
        key = self._cost_key()
        self._meter = rates.meter(key)
        if self._meter.left < units:
            await rates.lease(key, units)
            await charges.spend_of_address(self._sender, max(units, key.limit.rate * QUANTUM))
        charges.remember(self._viewer.user_id, self._meter)

    async def unseen(self, sent: bytes | str) -> None:
        """Charge what reading a request takes that was not sent before. Raises RateLimited."""
        await self.spend(len(sent) / CHARACTERS_A_UNIT)

    async def unread(self, text: str) -> None:
        """Charge what reading a document takes that was not sent before. Raises RateLimited."""
        await self.spend(len(text) / CHARACTERS_OF_A_DOCUMENT_A_UNIT)

    async def operation(self, operation: Operation) -> None:
        """Charge what executing an operation may cost, and what it changes. Raises RateLimited."""
        self._changes = not operation.is_query
        price = operation.price
        await self.spend(price.cost)
        self._taken, self._work = float(price.cost), price.work
        if self._changes and self._charges.rates is not None:
            await self._change(self._charges.rates, operation)

    def answered(self, length: int) -> None:
        """Give back what was charged for objects that an answer of so many bytes does not hold."""
        self._meter.left += max(0.0, self._taken - self._work - length / BYTES_A_UNIT - POLL)
        self._taken = 0.0

    def headers(self) -> dict[str, str]:
        """Return what the viewer's allowances are, and what is left of them."""
        charges, rates = self._charges, self._charges.rates
        if rates is None:
            return {}
        keys = (self._of(charges.sends), self._cost_key()) if self._changes else (self._cost_key(),)
        return {
            "RateLimit-Policy": ", ".join([_policy(key.limit) for key in keys]),
            "RateLimit": ", ".join([_left(rates, key) for key in keys]),
        }

    async def _change(self, rates: Rates, operation: Operation) -> None:
        """Charge the changes of a mutation to its user, address and channels, all or none."""
        charges = self._charges
        changes, address = changes_of(charges.schema, operation), charges.address_of(self._sender)
        number = float(changes.number)
        charged = [(self._of(charges.sends), number)]
        if address and not self._viewer.roles & SERVICE_ROLES:
            charged.append((charges.address_sends.of("a", address), number))
        charged += [(charges.channel.of("c", one), float(changes.sent_to.count(one))) for one in dict.fromkeys(changes.sent_to)]
        await rates.spend(charged)

    def _cost_key(self) -> Key:
        if self._key is None:
            self._key = self._of(self._charges.cost)
        return self._key

    def _of(self, limit: Limit) -> Key:
        return _key_of(limit, self._viewer.user_id, serves=not self._viewer.roles.isdisjoint(SERVICE_ROLES))


@lru_cache(maxsize=1024)
def _key_of(limit: Limit, user_id: int, *, serves: bool) -> Key:
    """Return the key of a user under a limit, a wider one for who serves others."""
    if serves:
        limit = limit._replace(rate=limit.rate * SERVICE_FACTOR, burst=limit.burst * SERVICE_FACTOR)
    return limit.of("u", user_id)


@lru_cache(maxsize=16)
def _policy(limit: Limit) -> str:
    return f'"{limit.name}";q={limit.burst:.0f};w={math.ceil(limit.ahead_s)}'


def _left(rates: Rates, key: Key) -> str:
    left = min(rates.remaining(key), key.limit.burst)
    return f'"{key.limit.name}";r={left:.0f};t={math.ceil((key.limit.burst - left) / key.limit.rate)}'
