"""Identity: tokens in, viewers out.

Rule: a token is believed only if its signature, its algorithm and every required claim hold; whatever else is wrong
with it is UNAUTHENTICATED, never an error of the server. What is remembered of a token ends with it, and with the keys.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jwt
from cachetools import LRUCache

from app.jwks import ALGORITHMS, KeySet
from cache.lineage import Lineage
from cache.lru import Lru
from models import ids
from models.clock import Clock
from models.database import Database
from models.errors import BadUserInput, Unauthenticated, UnauthenticatedReason
from models.text import storable
from models.user import Claims, admit
from resolvers.context import Viewer

ALGORITHM = "HS256"
OF_KEY_SETS = frozenset(ALGORITHMS.values())
# What a header may say: nothing in it brings a key along, or says where one is; its ids choose among ours.
HEADER_NAMES = frozenset({"alg", "typ", "kid", "x5t", "x5t#S256"})
TYPES = ("jwt", "at+jwt", "application/at+jwt")
LEEWAY_S = 30
LONGEST_TOKEN = 8192
LONGEST_SUBJECT = 255
# The end of the year 9999, the last that clocks and databases agree on.
LAST_MOMENT_S = 253_402_300_799
LONGEST_NAME = 100
LONGEST_PICTURE = 2000
DEFAULT_LIFETIME_S = 24 * 3600
MAX_KNOWN_USERS = 100_000
# Those of twenty thousand people, as many as a process has connections.
MAX_KNOWN_TOKEN_CHARACTERS = 8 << 20


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a verified token says."""

    claims: Claims
    roles: frozenset[str]
    expires_s: float


@dataclass(frozen=True, slots=True)
class Tokens:
    """Verifies tokens signed with a secret or with a key of a key set, and issues those of the secret.

    `issuer` and `audience` are required of a token where given.
    """

    secret: str | None
    issuer: str | None = None
    audience: str | None = None
    keys: KeySet | None = None

    async def verified(self, token: str) -> Bearer:
        """Return what a token says, with keys fetched where its own is not known. Raises Unauthenticated, Unavailable."""
        if self.keys is not None:
            header = _header(token)
            if header["alg"] in OF_KEY_SETS and "kid" in header:
                await self.keys.look_for(header["kid"])
        return self.verify(token)

    def verify(self, token: str) -> Bearer:
        """Return what a token says. Raises Unauthenticated with the reason `invalid` or `expired`."""
        header = _header(token)
        try:
            payload = jwt.decode(
                token,
                self._key(header),
                algorithms=[header["alg"]],
                issuer=self.issuer,
                audience=self.audience,
                leeway=LEEWAY_S,
                options={"require": ["exp", "sub"]},
            )
            return _bearer(payload, self.issuer or "")
        except jwt.ExpiredSignatureError:
            raise Unauthenticated(UnauthenticatedReason.EXPIRED) from None
        except (jwt.PyJWTError, BadUserInput, ValueError, TypeError, OverflowError, RecursionError):
            raise Unauthenticated(UnauthenticatedReason.INVALID) from None

    def _key(self, header: dict[str, str]) -> str | jwt.PyJWK:
        """Return the one key that a token with this header may be signed with. Raises Unauthenticated."""
        if header["alg"] == ALGORITHM and self.secret is not None:
            return self.secret
        key = self.keys.find(header.get("kid", "")) if self.keys is not None else None
        if key is None or key.algorithm_name != header["alg"]:
            raise Unauthenticated(UnauthenticatedReason.INVALID)
        return key

    def issue(
        self,
        subject: str,
        *,
        name: str | None = None,
        roles: Sequence[str] = (),
        lifetime_s: int = DEFAULT_LIFETIME_S,
        clock_s: Callable[[], float] = time.time,
    ) -> str:
        """Return a token for `subject`, signed with the secret, which there must be."""
        assert self.secret is not None
        now = int(clock_s())
        payload: dict[str, Any] = {"sub": subject, "iat": now, "exp": now + lifetime_s}
        optional = {"name": name, "roles": list(roles), "iss": self.issuer, "aud": self.audience}
        payload.update({claim: value for claim, value in optional.items() if value})
        return jwt.encode(payload, self.secret, ALGORITHM)


class Known(NamedTuple):
    """A viewer whose token was verified. `tag` tells viewers apart in public, and says nothing else of them.

    `expires_s` is when their token expires, in seconds since 1970.
    """

    viewer: Viewer
    tag: str
    expires_s: float

    @property
    def expired(self) -> bool:
        """Whether the token expired, be it within the leeway: nothing that stays open begins by it."""
        return self.expires_s <= time.time()


@dataclass(slots=True, eq=False)
class Authorization:
    """An `Authorization` header, and whom it was found to speak for: as of how many times all that was known was forgotten."""

    text: str
    known: Known | None = None
    as_of: int = -1


class Viewers:
    """Turns `Authorization` headers into viewers, remembering tokens verified and users admitted."""

    def __init__(self, tokens: Tokens, db: Database, clock: Clock, lineage: Lineage) -> None:
        self._tokens = tokens
        self._db = db
        self._clock = clock
        self._lineage = lineage
        self._known: Lru[str, Known] = Lru(MAX_KNOWN_TOKEN_CHARACTERS)
        self._forgotten = 0
        # Hash of a user -> their id, and the issue time of the newest claims known to be applied.
        self._admitted: LRUCache[str, tuple[int, int]] = LRUCache(MAX_KNOWN_USERS)
        lineage.on_change(self._forget)
        if tokens.keys is not None:
            tokens.keys.on_change(self._forget_tokens)

    def known(self, authorization: str) -> Known | None:
        """Return whom this very header spoke for before, if its token is still valid."""
        known = self._known.get(authorization)
        return known if known is not None and known.expires_s + LEEWAY_S > time.time() else None

    def still(self, authorization: Authorization) -> Known | None:
        """Return what `known` would; who asks again with the same object is looked up once."""
        known = authorization.known
        if known is None or authorization.as_of != self._forgotten or known.expires_s + LEEWAY_S <= time.time():
            known = self.known(authorization.text)
            authorization.known, authorization.as_of = known, self._forgotten
        return known

    async def authorize(self, authorization: str) -> Known:
        """Return whom a header speaks for, made at first sight. Raises Unauthenticated, Unavailable."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated(UnauthenticatedReason.MISSING)
        forgotten = self._forgotten
        bearer = await self._tokens.verified(token.strip())
        viewer = await self.viewer(bearer)
        tag = hashlib.sha256(b"viewer " + bearer.claims.uid.encode()).hexdigest()[:12]
        known = Known(viewer, tag, bearer.expires_s)
        if forgotten == self._forgotten:  # else it may speak for somebody else by now, or its key be gone
            self._known.put(authorization, known, len(authorization))
        return known

    async def viewer(self, bearer: Bearer) -> Viewer:
        """Return the viewer a token speaks for, made at first sight. Raises Unavailable."""
        claims = bearer.claims
        known = self._admitted.get(claims.uid)
        if known is None or known[1] < claims.issued_at_s:
            epoch_hex = self._lineage.epoch_hex
            known = (await admit(self._db, claims, self._clock()), claims.issued_at_s)
            if epoch_hex == self._lineage.epoch_hex:  # else the number may be somebody else's by now
                self._admitted[claims.uid] = known
        return Viewer(known[0], bearer.roles)

    def _forget(self) -> None:
        self._forget_tokens()
        self._admitted.clear()

    def _forget_tokens(self) -> None:
        self._forgotten += 1
        self._known.clear()


def _header(token: str) -> dict[str, str]:
    """Return the header of a token, whose `alg` and other values are texts. Raises Unauthenticated."""
    try:
        header = jwt.get_unverified_header(token) if len(token) <= LONGEST_TOKEN else {}
    except (jwt.PyJWTError, ValueError, RecursionError):
        header = {}
    plain = all(isinstance(value, str) for value in header.values())
    if not plain or "alg" not in header or not header.keys() <= HEADER_NAMES or header.get("typ", "jwt").lower() not in TYPES:
        raise Unauthenticated(UnauthenticatedReason.INVALID)
    return header


def _bearer(payload: dict[str, Any], issuer: str) -> Bearer:
    subject, expires, issued_at = payload["sub"], payload["exp"], payload.get("iat", 0)
    if not isinstance(subject, str) or not subject.strip() or len(subject) > LONGEST_SUBJECT:
        raise ValueError("sub")
    if not all(map(_is_moment, (expires, issued_at, payload.get("nbf", 0)))):
        raise ValueError("exp, iat or nbf")
    name, roles = payload.get("name"), payload.get("roles")
    if roles is None:
        roles = []
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise ValueError("roles")
    claims = Claims(
        uid=ids.user_hash_hex(issuer, storable(subject, "sub")),
        name=(storable(name, "name").strip()[:LONGEST_NAME] or None) if isinstance(name, str) else None,
        image=_picture(payload),
        issued_at_s=int(issued_at),
    )
    return Bearer(claims, frozenset(roles), expires)


def _is_moment(value: object) -> bool:
    """Whether a claim is a moment that a clock can show. A bool is an int to Python, and a text a number to PyJWT."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LAST_MOMENT_S


def _picture(payload: dict[str, Any]) -> str | None:
    """Return the picture's address, empty where it is none that can be shown, None where nothing is said of it."""
    picture = payload.get("picture", "")
    if "picture" not in payload:
        return None
    usable = isinstance(picture, str) and picture.startswith(("https://", "http://")) and len(picture) <= LONGEST_PICTURE
    return storable(picture, "picture") if usable else ""
