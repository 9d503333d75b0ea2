"""Reading GraphQL over HTTP: the method, the media types, the body.

Rule: nothing a client sends is an error of the server; what cannot be read is refused with its own status.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from app.refusal import HttpRefusal
from realtime.pacing import ClientActivity

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EVENTS = "text/event-stream"
# What a document identifier that is the document's own hash begins with.
SHA256_PREFIX = "sha256:"
# How long a client may take to send a request whose head is there.
SLOW_S = 10.0
# Of an operation's name on a WebSocket, which comes back with each of its results; a UUID has 36.
LONGEST_NAME = 128
_SHA256_HEX = re.compile(r"[0-9a-f]{64}")


class Malformed(Exception):
    """A readable body that is no GraphQL request; the message says why."""


class GraphQLRequest(NamedTuple):
    """What was asked: a document by its text, by an identifier, by its hash, or by text and hash."""

    query: str | None
    variables: dict[str, Any]
    operation_name: str | None
    document_id: str | None = None
    sha256: str | None = None
    shows_cost: bool = False


class Accepted(NamedTuple):
    """What a client wants its answer in: the best it accepts, and whether it accepts events at all."""

    media_type: str
    events: bool


def accepted(accept: str) -> Accepted:
    """Return what an `Accept` header wants. Raises HttpRefusal 406."""
    if not accept.strip():
        return Accepted(JSON, events=False)
    # Range -> its quality and its place in the header; of ranges that match, the most specific counts (RFC 9110, 12.5.1).
    ranges: dict[str, tuple[float, int]] = {}
    for place, item in enumerate(accept.split(",")):
        media, _, parameters = item.partition(";")
        ranges.setdefault(media.strip().lower(), (_quality(parameters), -place))
    found = {
        offered: next((ranges[match] for match in (offered, "application/*", "*/*") if match in ranges), (0.0, 0))
        for offered in (JSON, GRAPHQL_JSON)
    }
    found[EVENTS] = ranges.get(EVENTS, (0.0, 0))  # by its name alone
    best = max(found, key=lambda offered: found[offered])
    if found[best][0] == 0.0:
        raise HttpRefusal(406, f"This server answers {GRAPHQL_JSON}, {JSON} or {EVENTS}.")
    return Accepted(best, events=found[EVENTS][0] > 0.0)


async def sent_request(request: web.Request) -> bytes | str:
    """Return what a request sent: its body, or for GET its query string. Raises HttpRefusal where it cannot be read."""
    if request.method == "GET":
        return request.rel_url.raw_query_string
    headers = request.headers
    if headers.get("Content-Type") != JSON:  # as most clients write it; the others are looked at more closely
        if request.content_type != JSON:
            raise HttpRefusal(415, f"Send the request as {JSON}.")
        if (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
            raise HttpRefusal(415, "Send the request in UTF-8.")
    if headers.get("Content-Encoding", "identity") != "identity":
        raise HttpRefusal(415, "Send the request without a content encoding.")
    if headers.get("Transfer-Encoding", "chunked").lower() != "chunked":
        raise HttpRefusal(415, "Send the request without a transfer encoding but chunked.")
    try:
        # What has arrived whole, as a poll mostly has, need not be waited for.
        if request.content.is_eof() and request.can_read_body:
            body = request.content.read_nowait()
        else:
            async with asyncio.timeout(SLOW_S):
                body = await request.read()
    except TimeoutError:
        raise HttpRefusal(408, "The request did not arrive in time.", headers={"Connection": "close"}) from None
    except web.HTTPRequestEntityTooLarge:
        raise _too_large(request) from None
    if len(body) > request.client_max_size:
        raise _too_large(request)
    return body


def _too_large(request: web.Request) -> HttpRefusal:
    return HttpRefusal(413, f"The request is larger than {request.client_max_size} bytes.")


def parse_request(sent: bytes | str) -> GraphQLRequest:
    """Return the operation that a body or a query string asks for. Raises HttpRefusal, Malformed."""
    if isinstance(sent, str):
        pairs = parse_qsl(sent, keep_blank_values=True)
        parameters = dict(pairs)
        if len(pairs) != len(parameters):  # what is in front of this server may have looked at the other one
            raise HttpRefusal(400, "A parameter of the URL stands there twice.")
        return graphql_request({**parameters, **{key: _parameter(parameters, key) for key in ("variables", "extensions")}})
    payload = parse_json(sent)
    if isinstance(payload, list):
        raise HttpRefusal(400, "Batches are not supported; send one operation a request.")
    if not isinstance(payload, dict):
        raise HttpRefusal(400, "The request is not a JSON object.")
    return graphql_request(payload)


def graphql_request(payload: Mapping[str, Any]) -> GraphQLRequest:
    """Return the operation that a decoded request asks for. Raises Malformed."""
    query, variables = payload.get("query"), payload.get("variables")
    name, extensions = payload.get("operationName"), payload.get("extensions")
    if not isinstance(query, str | None):
        raise Malformed("query must be a text.")
    if not isinstance(variables, dict | None):
        raise Malformed("variables must be an object.")
    if not isinstance(name, str | None):
        raise Malformed("operationName must be a text.")
    if not isinstance(extensions, dict | None):
        raise Malformed("extensions must be an object.")
    document_id, sha256 = _document_id(payload.get("documentId")), _persisted_hash((extensions or {}).get("persistedQuery"))
    if query and document_id is not None:
        raise Malformed("query must be left out where documentId is given.")
    if not query and document_id is None and sha256 is None:
        raise Malformed("query must be a text, where neither documentId nor extensions.persistedQuery names the document.")
    shows_cost = (extensions or {}).get("cost", False)
    if not isinstance(shows_cost, bool | None):
        raise Malformed("extensions.cost must be true or false.")
    return GraphQLRequest(query or None, variables or {}, name or None, document_id, sha256, bool(shows_cost))


def _document_id(given: object) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or not given:
        raise Malformed("documentId must be a text that is not empty.")
    if given.startswith(SHA256_PREFIX) and not _SHA256_HEX.fullmatch(given.removeprefix(SHA256_PREFIX)):
        raise Malformed(f"documentId must be 64 lower-case hexadecimal digits after {SHA256_PREFIX}")
    return given


def _persisted_hash(given: object) -> str | None:
    """Return the hash of an automatic persisted query; what clients add to the extension besides is theirs."""
    if given is None:
        return None
    if not isinstance(given, dict):
        raise Malformed("extensions.persistedQuery must be an object.")
    version, sha256 = given.get("version"), given.get("sha256Hash")
    if type(version) is not int or version != 1:
        raise Malformed("extensions.persistedQuery.version must be 1.")
    if not isinstance(sha256, str) or not _SHA256_HEX.fullmatch(sha256):
        raise Malformed("extensions.persistedQuery.sha256Hash must be 64 lower-case hexadecimal digits.")
    return sha256


def parse_json(body: bytes) -> object:
    """Return what JSON says. Raises HttpRefusal 400 for what cannot be read."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # orjson refuses lone surrogates and NaN outright; the argument they stand in should be named instead.
        try:
            return json.loads(body.decode())
        except (ValueError, RecursionError):
            raise HttpRefusal(400, "The request is not readable JSON.") from None


def _parameter(parameters: Mapping[str, str], key: str) -> object:
    text = parameters.get(key)
    return parse_json(text.encode(errors="replace")) if text else None


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0


_ACTIVITIES = {name: activity for activity in ClientActivity for name in (activity.value, activity.value.lower())}


def activity_of(headers: Mapping[str, str]) -> ClientActivity:
    """Return what a client says its user does; what it does not say, or says in other words, is that they look."""
    return _ACTIVITIES.get(headers.get("X-Client-Activity", ""), ClientActivity.ACTIVE)


def shows_page(request: web.Request) -> bool:
    """Whether a browser that asks for a page means GraphiQL, rather than the answer to a query."""
    return not any(name in request.query for name in ("query", "documentId", "extensions"))


def is_name(text: str) -> bool:
    """Whether an operation can be called so in an answer, which a lone surrogate cannot be part of."""
    return len(text) <= LONGEST_NAME and (text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text))
