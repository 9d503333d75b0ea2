"""Bodies, content types, methods and headers that are no honest request."""

import gzip
import hashlib
import json
from collections.abc import Callable
from urllib.parse import quote

from tests.asking import token
from tests.attacks.attack import JSON, MALLORY, NAME, Attack, Sent, World, post, raw

_MUTATION = "mutation { markAllNotificationsRead { userErrors { code } } }"
_OK = json.dumps({"query": NAME}).encode()
_CHANGE = json.dumps({"query": _MUTATION}).encode()
_EVIL = {"Access-Control-Allow-Origin": None}
_ZEROS = "0" * 64


def _bad(name: str, row: int, body: bytes, status: int = 400, content_type: str = JSON, **headers: str) -> Attack:
    return Attack(name, (row,), raw(body, content_type, **headers), status, "BAD_REQUEST", cheap=len(body) < 2_000_000)


def _shape(name: str, row: int, payload: object, status: int = 422, code: str = "BAD_REQUEST") -> Attack:
    return Attack(name, (row,), raw(json.dumps(payload).encode()), status, code, cheap=True)


def _get(query: str, method: str = "GET") -> Callable[[World], Sent]:
    return lambda _: Sent(method=method, path=f"/graphql?query={quote(query)}")


def _by(method: str) -> Callable[[World], Sent]:
    return lambda _: Sent(method=method)


def _from(origin: str, method: str = "POST") -> Callable[[World], Sent]:
    headers = {"Content-Type": JSON, "Origin": origin, "Access-Control-Request-Method": "POST"}
    return lambda _: Sent(_OK if method == "POST" else b"", method, headers=headers)


BODIES = [
    _bad("12 MB", 8, b"x" * 12_000_000, 413),
    _bad("1 MB of commas", 8, b'{"query":"' + b"," * 1_000_000 + b'"}', 413),
    _bad("a gzip bomb", 8, gzip.compress(b"0" * 50_000_000), 415, **{"Content-Encoding": "gzip"}),
    _bad("deflate", 8, b"x", 415, **{"Content-Encoding": "deflate"}),
    _bad("brotli", 8, b"x", 415, **{"Content-Encoding": "br"}),
    _bad("gzip that is not", 8, _OK, 415, **{"Content-Encoding": "gzip, gzip"}),
    Attack("200 kB of commas", (8,), post("{ viewer { id }" + "," * 200_000 + "}"), 422, "QUERY_TOO_COMPLEX", cheap=True),
    Attack("200 kB of a comment", (8,), post("#" + "x" * 200_000 + "\n{ viewer { id } }"), 422, "QUERY_TOO_COMPLEX", cheap=True),
    _bad("arrays 100000 deep", 9, b"[" * 100_000),
    _bad("objects 50000 deep", 9, b'{"a":' * 50_000),
    _bad("variables 20000 deep", 9, b'{"query":"{viewer{id}}","variables":{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}}"),
    _bad("an integer of 5000 digits", 9, b'{"query":"{viewer{id}}","variables":{"a":' + b"9" * 5000 + b"x}}"),
    _bad("no UTF-8", 9, b'{"query":"{viewer{id}}\xff"}'),
    _bad("UTF-16", 9, '{"query":"{viewer{id}}"}'.encode("utf-16")),
    _bad("5", 9, b"5"),
    _bad("a text", 9, b'"x"'),
    _bad("null", 9, b"null"),
    _bad("true", 9, b"true"),
    _bad("[5]", 9, b"[5]"),
    _bad("an empty body", 9, b""),
    _bad("two documents", 9, _OK + _OK),
    _bad("half a document", 9, _OK[:-1]),
    _bad("a comment", 9, b"/* x */" + _OK),
    _shape("query is null", 10, {"query": None}),
    _shape("query is a number", 10, {"query": 5}),
    _shape("query is a list", 10, {"query": [NAME]}),
    _shape("no query", 10, {}),
    _shape("variables are a list", 10, {"query": NAME, "variables": []}),
    _shape("variables are a text", 10, {"query": NAME, "variables": "{}"}),
    _shape("operationName is an object", 10, {"query": NAME, "operationName": {}}),
    _shape("extensions are a list", 10, {"query": NAME, "extensions": []}),
    _shape("documentId is a number", 10, {"documentId": 5}),
    _shape("__proto__", 10, {"__proto__": {"query": NAME}}),
    _shape("a hash of another document", 39, {"query": NAME, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": _ZEROS}}}, code="PERSISTED_QUERY_MISMATCH"),
    _shape("a hash nobody knows", 39, {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": _ZEROS}}}, 200, "PERSISTED_QUERY_NOT_FOUND"),
    _shape("a hash that is a path", 39, {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "../../etc/passwd"}}}),
    _shape("a hash of capitals", 39, {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(b"x").hexdigest().upper()}}}),
    _shape("a hash of another version", 39, {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": _ZEROS}}}),
    _shape("an id nobody knows", 39, {"documentId": "' OR 1=1 --"}, 200, "PERSISTED_QUERY_NOT_FOUND"),
]  # fmt: skip

METHODS = [
    _bad("a change as text", 15, _CHANGE, 415, "text/plain"),
    _bad("a change as a form", 15, b"query=" + quote(_MUTATION).encode(), 415, "application/x-www-form-urlencoded"),
    _bad("a change as a multipart form", 15, _CHANGE, 415, "multipart/form-data; boundary=x"),
    _bad("a change as GraphQL's own type", 15, _MUTATION.encode(), 415, "application/graphql"),
    _bad("a change as text that names JSON", 15, _CHANGE, 415, "text/plain; application/json"),
    _bad("a change in Latin-1", 15, _CHANGE, 415, "application/json; charset=latin-1"),
    _bad("a change without a type", 15, _CHANGE, 415, ""),
    Attack("a change by GET", (15,), _get(_MUTATION), 405, "BAD_REQUEST", cheap=True, headers={"Allow": "POST"}),
    Attack("a change by QUERY", (15,), lambda _: Sent(_CHANGE, "QUERY", headers={"Content-Type": JSON}), 405, "BAD_REQUEST", cheap=True, headers={"Allow": "POST"}),
    *(
        Attack(f"by {method}", (15,), _by(method), 405, "BAD_REQUEST", cheap=True, headers={"Allow": "GET, POST, QUERY"})
        for method in ("PUT", "DELETE", "PATCH", "TRACE")
    ),
    Attack("a method told otherwise", (15,), lambda _: Sent(method="GET", path=f"/graphql?query={quote(_MUTATION)}", headers={"X-HTTP-Method-Override": "POST"}), 405, "BAD_REQUEST", cheap=True),
    *(
        Attack(f"a script of {origin}", (16,), _from(origin), 200, None, headers=_EVIL)
        for origin in ("null", "https://evil.tld", "https://app.tld.evil.tld", "http://app.tld", "https://app.tld:444", "https://xapp.tld", "https://APP.tld", "*")
    ),
    *(
        Attack(f"{origin} asks first", (16,), _from(origin, "OPTIONS"), 204, None, cheap=True, headers=_EVIL)
        for origin in ("null", "https://evil.tld", "https://app.tld.evil.tld", "https://app.tld/")
    ),
    Attack("a form of another site", (16,), lambda _: Sent(_CHANGE, headers={"Content-Type": "text/plain", "Origin": "https://evil.tld"}, authorization=None), 401, "UNAUTHENTICATED", cheap=True, headers=_EVIL),
    Attack("an image of another site", (16,), lambda _: Sent(method="GET", path=f"/graphql?query={quote(NAME)}", authorization=None), 401, "UNAUTHENTICATED", cheap=True),
    Attack("a token in the address", (34,), lambda _: Sent(_OK, path=f"/graphql?access_token={token(MALLORY)}", headers={"Content-Type": JSON}, authorization=None), 401, "UNAUTHENTICATED", cheap=True),
    Attack("a token in the address, by GET", (34,), lambda _: Sent(method="GET", path=f"/graphql?query={quote(NAME)}&authorization=Bearer%20{token(MALLORY)}", authorization=None), 401, "UNAUTHENTICATED", cheap=True),
    Attack("a token in a cookie", (34,), lambda _: Sent(_OK, headers={"Content-Type": JSON, "Cookie": f"Authorization=Bearer {token(MALLORY)}"}, authorization=None), 401, "UNAUTHENTICATED", cheap=True),
    Attack("no such path", (15,), lambda _: Sent(method="GET", path="/graphql/../../etc/passwd"), 404, "NOT_FOUND"),
    Attack("a file beside the page's", (15,), lambda _: Sent(method="GET", path="/assets/%2e%2e/%2e%2e/pyproject.toml"), 404, "NOT_FOUND"),
    Attack("metrics without their token", (38,), lambda _: Sent(method="GET", path="/metrics"), 401, "UNAUTHENTICATED"),
    Attack("GraphiQL in production", (6,), lambda _: Sent(method="GET", headers={"Accept": "text/html"}, authorization=None), 406, "BAD_REQUEST"),
    Attack("a line break in the request's id", (38,), lambda _: Sent(_OK, headers={"Content-Type": JSON, "X-Request-Id": "a%0d%0aSet-Cookie: x"}), 200, None, headers={"Set-Cookie": None}),
    Attack("a line break in an operation's name", (38,), post(NAME, more={"operationName": "a\r\nERROR forged"}), 422, "BAD_REQUEST", cheap=True),
]  # fmt: skip

ATTACKS = [*BODIES, *METHODS]
