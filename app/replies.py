"""Replies: answers with the headers of the contract, each variant of a kept answer encoded once.

Rule: equal state gives equal bytes and so an equal ETag, bound to the viewer; a client that holds it gets 304. What
changes with every request (its id, the time it took) is put behind the lines that do not.
"""

import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from secrets import token_hex
from typing import Any

import orjson
from aiohttp import web
from blake3 import blake3

from app.charges import Payer
from app.cors import Cors
from app.graphql_request import Accepted, accepted
from app.poll_tally import Tally
from app.responses import DATA, GZIP_FROM_BYTES, PRIVATE, REFUSED, QuickResponse, gzipped, head
from cache.answers import Answer, Present
from cache.dependencies import Dependencies, Level

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
# Of Cache-Status (RFC 9211): whether the whole answer was kept, and the level's name.
_FATES = {level: ("hit" if level is Level.RESPONSE else "fwd=miss", level.name.lower()) for level in Level}
_NOTHING: Mapping[str, str] = {}
# A page of 50 messages has 20 kB, for which SHA-256 takes twice as long, processors' own instructions for it notwithstanding.
_DIGEST_BYTES = 11
_requests_of_process = (token_hex(6), count())


@dataclass(slots=True)
class Asking:
    """What of a request its reply depends on; and, when it is answered, of which kind it was and which level answered."""

    headers: Mapping[str, str]
    request_id: str
    started_s: float = field(default_factory=time.perf_counter)
    kind: str | None = None
    level: Level = Level.STORE
    payer: Payer | None = None
    # What a look at a kept answer, just now, said of it.
    looked: tuple[Answer, Present] | None = None
    # Whether the reply is a 304.
    unchanged: bool = False

    def answered(self, tally: Tally, level: Level, depends: Dependencies) -> None:
        """Count the answer, which `level` gave, when there is a reply."""
        self.kind, self.level = tally.kind, level
        tally.answered(level, depends, self.started_s, delivered=not self.unchanged)

    @property
    def accepted(self) -> Accepted:
        """What the client wants its answer in. Raises HttpRefusal 406."""
        return _accepted(self.headers.get("Accept", ""))


def asking_of(request: web.Request) -> Asking:
    """Return what of a request its reply depends on."""
    given = request.headers.get("X-Request-Id")
    return Asking(request.headers, given if given is not None and _REQUEST_ID.fullmatch(given) else new_request_id())


def new_request_id() -> str:
    """Return an id that no other request has."""
    process, number = _requests_of_process
    return f"{process}{next(number):x}"


class Replies:
    """Makes replies."""

    def __init__(self, cors: Cors) -> None:
        self._cors = cors
        # How many answers were 304, and how many were errors, by code.
        self.unchanged = 0
        self.errors: Counter[str] = Counter()

    def to(self, asking: Asking, answer: Answer, viewer_tag: str, level: Level) -> QuickResponse:
        """Return the reply to a query: 304 where the client holds this very answer. `level` says what answered."""
        etag = f'W/"{_digest(answer)}.{viewer_tag}"'
        held = asking.headers.get("If-None-Match")
        more = self._more(asking, level, etag)
        if held is not None and (held == etag or _names(held, etag)):
            self.unchanged += 1
            asking.unchanged = True
            return QuickResponse(_variant(answer, 304, "", gzip=False), more, b"")
        gzip = len(answer.body) >= GZIP_FROM_BYTES and _accepts_gzip(asking.headers.get("Accept-Encoding", ""))
        first = _variant(answer, 200, asking.accepted.media_type, gzip=gzip)
        return QuickResponse(first, more, _gzip_body(answer) if gzip else answer.body)

    def to_mutation(self, asking: Asking, answer: Answer) -> QuickResponse:
        """Return the reply to a mutation, which is never kept and has no tag."""
        return QuickResponse(
            _variant(answer, 200, asking.accepted.media_type, gzip=False), self._more(asking, Level.STORE, None), answer.body
        )

    def unkept(
        self, asking: Asking, status: int, media_type: str, answer: Mapping[str, Any], headers: Mapping[str, str]
    ) -> QuickResponse:
        """Return a reply with errors, which nobody may keep."""
        self.errors.update({error["extensions"]["code"] for error in answer["errors"]})
        body = orjson.dumps(answer)
        first = {**REFUSED, "Content-Type": f"{media_type}; charset=utf-8", "Content-Length": str(len(body))}
        more = {
            "X-Request-Id": asking.request_id,
            **headers,
            **_allowances(asking),
            **self._cors.headers(asking.headers.get("Origin")),
        }
        return QuickResponse(head(status, {**first, **more}), "", body)

    def to_events(self, asking: Asking, interval_ms: int) -> dict[str, str]:
        """Return the headers of a reply that is a stream of events."""
        more = {"X-Request-Id": asking.request_id, "X-Poll-Interval": f"{interval_ms / 1000:g}"}
        return {**REFUSED, **more, **self._cors.headers(asking.headers.get("Origin"))}

    def _more(self, asking: Asking, level: Level, etag: str | None) -> str:
        """Return the header lines of this request alone."""
        took_ms = 1000 * (time.perf_counter() - asking.started_s)
        fate, name = _FATES[level]
        lines = (
            f"X-Request-Id: {asking.request_id}\r\nServer-Timing: {name};dur={took_ms:.2f}\r\n"
            f"Cache-Status: pollux; {fate}; detail={name}\r\n"
        )
        if etag is not None:
            lines += f"ETag: {etag}\r\n"
        lines += "".join(f"{header}: {value}\r\n" for header, value in _allowances(asking).items())
        origin = asking.headers.get("Origin")
        if origin is not None:
            lines += "".join(f"{name}: {value}\r\n" for name, value in self._cors.headers(origin).items())
        return lines


_accepted = lru_cache(maxsize=256)(accepted)


def _allowances(asking: Asking) -> Mapping[str, str]:
    return asking.payer.headers() if asking.payer is not None and asking.payer.told else _NOTHING


@lru_cache(maxsize=256)
def _accepts_gzip(accept_encoding: str) -> bool:
    """Whether a client accepts gzip, by name or by `*`, and does not weigh it 0."""
    codings = {}
    for one in accept_encoding.lower().split(","):
        name, _, weight = one.partition(";")
        codings[name.strip()] = re.fullmatch(r"\s*q=0(\.0*)?\s*", weight) is None
    return codings.get("gzip", codings.get("x-gzip", codings.get("*", False)))


def _names(held: str, etag: str) -> bool:
    """Whether an If-None-Match header that is not one tag alone names this one, compared weakly (RFC 9110, 13.1.2)."""
    return held.strip() == "*" or etag[2:] in (one.strip().removeprefix("W/") for one in held.split(","))


def _digest(answer: Answer) -> str:
    if answer.digest is None:
        answer.digest = blake3(answer.body).hexdigest(_DIGEST_BYTES)
    return answer.digest


def _variant(answer: Answer, status: int, media_type: str, *, gzip: bool) -> bytes:
    """Return the first lines of one variant of an answer."""
    known = answer.encoded.get((status, media_type, gzip))
    if known is None:
        known = _first_lines(status, media_type, gzip, answer.poll_interval_ms)
        if status == 200:
            known += b"Content-Length: %d\r\n" % len(_gzip_body(answer) if gzip else answer.body)
        answer.encoded[status, media_type, gzip] = known
    return known


@lru_cache(maxsize=256)
def _first_lines(status: int, media_type: str, gzip: bool, poll_interval_ms: int) -> bytes:  # a key of the cache
    headers = {**PRIVATE, "X-Poll-Interval": f"{poll_interval_ms / 1000:g}"}
    if status == 200:
        headers |= {"Content-Type": f"{media_type}; charset=utf-8", **DATA}
    if gzip:
        headers["Content-Encoding"] = "gzip"
    return head(status, headers)


def _gzip_body(answer: Answer) -> bytes:
    known = answer.encoded.get("gzip")
    if known is None:
        known = answer.encoded["gzip"] = gzipped(answer.body)
    return known
