"""Heads of requests that were read before: the same bytes say the same, so aiohttp's parser reads them once.

Rule: nothing is parsed here. A head is learned from a request that aiohttp read from exactly these bytes, between two requests
of a connection, and only where the bytes behind it are its whole body: what a parser makes of bytes, it makes of equal bytes
again. Only heads that say nothing out of the ordinary are learned.
"""

from collections.abc import Mapping
from typing import NamedTuple

from aiohttp import HttpVersion11
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from blake3 import blake3

from app.graphql_request import JSON, accepted, activity_of
from app.identity import Authorization
from app.refusal import HttpRefusal
from cache.lru import Lru, SecondSight
from realtime.pacing import ClientActivity

PATH = "/graphql"
END = b"\r\n\r\n"
# As many heads as a process has connections. A client has one for each length of what it sends, and each entity tag it holds.
MAX_BYTES = 16 << 20
MAX_HEADERS = 1_000
# What a head takes beside its token.
_OVERHEAD_BYTES = 500
# Browsers' come to some 200 characters.
_LONGEST_LOOKED_AT = 1_000
SEEN_ONCE = 160_000
_DIGEST_BYTES = 16
# A poll is hardly ever longer; what is, takes longer to read than its head.
_LONGEST_BODY_BYTES = 16 * 1024
# What is looked at again when the head is.
_LOOKED_AT = ("Accept", "Accept-Encoding", "If-None-Match", "Origin", "X-Forwarded-For")
# Who says one of these is answered with more care. Ids of requests are another each time.
_UNUSUAL = frozenset(
    {"expect", "content-encoding", "transfer-encoding", "upgrade", "x-request-id", "sec-websocket-key", "traceparent"}
)


class Head(NamedTuple):
    """What a head says: the headers that are looked at again, who asks, and the `length` of the body behind it."""

    headers: Mapping[str, str]
    authorization: Authorization
    activity: ClientActivity
    length: int


class KnownHeads:
    """Remembers heads by their bytes."""

    def __init__(self) -> None:
        # By a digest, which is a tenth of a head, and which nobody finds another head for.
        self._heads: Lru[bytes, Head] = Lru(MAX_BYTES)
        self._headers: Lru[tuple[tuple[str, str], ...], Mapping[str, str]] = Lru(MAX_HEADERS)
        self._seen = SecondSight(SEEN_ONCE)

    def find(self, data: bytes) -> tuple[Head, bytes] | None:
        """Return head and body of bytes that are one whole request with a head that is known."""
        end = data.find(END) + len(END)
        head = self._heads.get(_digest(data, end))
        return (head, data[end:]) if head is not None and len(data) - end == head.length else None

    def learn(self, data: bytes, message: RawRequestMessage, payload: StreamReader) -> bool:
        """Take note of the head of a request that was read from `data`; whether that was one whole request and no more."""
        end = data.find(END) + len(END)
        length = len(data) - end
        if end < len(END) or not payload.is_eof() or payload.total_bytes != length:
            return False
        digest = _digest(data, end)
        if length <= _LONGEST_BODY_BYTES and self._heads.get(digest) is None and self._seen.seen_before(digest):
            head = self._head_of(message, length)
            if head is not None:
                self._heads.put(digest, head, len(head.authorization.text) + _OVERHEAD_BYTES)
        return True

    def _head_of(self, message: RawRequestMessage, length: int) -> Head | None:
        """Return what a head says, None where it is out of the ordinary."""
        headers = message.headers
        if not _is_plain(message, length):
            return None
        looked_at = tuple([(name, headers[name]) for name in _LOOKED_AT if name in headers])
        if sum(len(value) for _, value in looked_at) > _LONGEST_LOOKED_AT:
            return None
        known = self._headers.get(looked_at)
        if known is None:
            known = dict(looked_at)
            self._headers.put(looked_at, known)
        return Head(known, Authorization(headers["Authorization"]), activity_of(headers), length)


def _digest(data: bytes, end: int) -> bytes:
    """Return what tells a head, which ends at `end`, from all others."""
    return blake3(memoryview(data)[:end]).digest(_DIGEST_BYTES)


def _is_plain(message: RawRequestMessage, length: int) -> bool:
    """Whether a head says nothing out of the ordinary."""
    # A name that stands twice is given once, and counted twice.
    headers, names = message.headers, {name.lower() for name in message.headers}
    plain = (
        message.method == "POST"
        and message.path == PATH
        and message.version == HttpVersion11
        and not (message.should_close or message.upgrade or message.chunked or message.compression)
        and headers.get("Content-Type") == JSON
        and headers.get("Content-Length") == str(length)
        and "Authorization" in headers
        and len(names) == len(headers)
        and _UNUSUAL.isdisjoint(names)
    )
    try:
        return plain and not accepted(headers.get("Accept", "")).events
    except HttpRefusal:
        return False
