"""GraphQL over HTTP: statuses, media types, identity, and what is refused before GraphQL runs."""

import gzip
import io
import re

import pytest
from aiohttp import ClientResponse

from tests.asking import Api, token

GRAPHQL_JSON = "application/graphql-response+json"
BEARER = {"Authorization": f"Bearer {token('alice')}"}
OK = {"query": "{ viewer { name } }"}


async def _post(api: Api, payload: object, *, accept: str = GRAPHQL_JSON, **headers: str) -> ClientResponse:
    return await api.client.post("/graphql", json=payload, headers={**BEARER, "Accept": accept, **headers})


async def _code(response: ClientResponse) -> str:
    body = await response.json(content_type=None)
    assert "data" not in body
    return str(body["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize(
    ("payload", "strict", "lenient", "code"),
    [
        ({"query": "{"}, 400, 200, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nonsense }"}, 422, 200, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "{ viewer { id } } { viewer { name } }"}, 422, 200, "GRAPHQL_VALIDATION_FAILED"),
        ({**OK, "operationName": "Missing"}, 422, 200, "BAD_REQUEST"),
        ({"query": "query A { viewer { id } } query B { viewer { id } }"}, 422, 200, "BAD_REQUEST"),
        ({"query": "query($n: Int!) { channels(first: $n) { nodes { id } } }"}, 422, 200, "BAD_USER_INPUT"),
        (
            {"query": "query($n: Int) { channels(first: $n) { nodes { id } } }", "variables": {"n": 2**31}},
            422,
            200,
            "BAD_USER_INPUT",
        ),
        ({}, 422, 400, "BAD_REQUEST"),
        ({"query": 5}, 422, 400, "BAD_REQUEST"),
        ({**OK, "variables": []}, 422, 400, "BAD_REQUEST"),
        ({**OK, "operationName": {}}, 422, 400, "BAD_REQUEST"),
    ],
)
async def test_request_errors_have_the_status_of_their_phase(
    api: Api, payload: dict[str, object], strict: int, lenient: int, code: str
) -> None:
    for accept, status in ((GRAPHQL_JSON, strict), ("application/json", lenient)):
        response = await _post(api, payload, accept=accept)
        assert (response.status, response.content_type) == (status, accept)
        assert response.headers["Cache-Control"] == "no-store"
        assert await _code(response) == code


async def test_data_with_errors_is_partial(api: Api) -> None:
    partial = {"query": '{ viewer { name } channel(id: "x") { id } }'}
    strict, lenient = await _post(api, partial), await _post(api, partial, accept="application/json")
    assert (strict.status, lenient.status) == (294, 200)
    assert (await strict.json(content_type=None))["data"] == {"viewer": {"name": "Alice"}, "channel": None}


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [("", "application/json"), ("*/*", "application/json"), (f"{GRAPHQL_JSON}, application/json;q=0.9", GRAPHQL_JSON),
     (f"{GRAPHQL_JSON};q=0.5, application/json", "application/json"), ("text/html, application/*;q=0.1", "application/json")],
)  # fmt: skip
async def test_the_answer_has_the_media_type_the_client_likes_best(api: Api, accept: str, media_type: str) -> None:
    response = await _post(api, OK, accept=accept)
    assert (response.status, response.content_type) == (200, media_type)
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.headers["Vary"] == "Authorization, Accept, Accept-Encoding, Origin"


async def test_an_answer_nobody_accepts_is_406(api: Api) -> None:
    response = await _post(api, OK, accept="text/plain")
    assert response.status == 406
    assert await _code(response) == "BAD_REQUEST"


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Basic YTpi", "Bearer nonsense", f"Bearer {token('alice', issued_s=1e9)}"]
)
async def test_without_a_valid_token_nothing_runs(api: Api, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    response = await api.client.post("/graphql", json=OK, headers=headers)
    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    body = await response.json()
    assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    reasons = {None: "missing", "": "missing", "Bearer": "missing", "Basic YTpi": "missing", "Bearer nonsense": "invalid"}
    assert body["errors"][0]["extensions"]["reason"] == reasons.get(authorization, "expired")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"5", 400), (b'"x"', 400), (b"null", 400), (b"[5]", 400), (b"\xff", 400), (b"[" * 100_000, 400),
     (b'{"query": ' + b"9" * 5000 + b"}", 400), (b'{"query":"' + b"," * 1_000_000 + b'"}', 413), (b"x" * 12_000_000, 413)],
    ids=["open", "number", "text", "null", "batch", "not utf-8", "deep", "huge number", "commas", "12 MB"],
)  # fmt: skip
async def test_bodies_that_are_no_request_are_refused(api: Api, body: bytes, status: int) -> None:
    response = await api.client.post("/graphql", data=io.BytesIO(body), headers={**BEARER, "Content-Type": "application/json"})
    assert response.status == status
    assert await _code(response) == "BAD_REQUEST"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=latin-1"]
)
async def test_other_content_types_are_415(api: Api, content_type: str) -> None:
    response = await api.client.post("/graphql", data=b"{}", headers={**BEARER, "Content-Type": content_type})
    assert response.status == 415


async def test_a_compressed_body_is_415(api: Api) -> None:
    headers = {**BEARER, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert (await api.client.post("/graphql", data=gzip.compress(b"{}"), headers=headers)).status == 415


async def test_queries_may_come_by_get_and_mutations_may_not(api: Api) -> None:
    query = {"query": "query($i: ID!) { node(id: $i) { id } }", "variables": '{"i": "YwE"}'}
    assert (await api.client.get("/graphql", params=query, headers=BEARER)).status == 200
    mutation = await api.client.get(
        "/graphql", params={"query": "mutation { markAllNotificationsRead { inbox { id } } }"}, headers=BEARER
    )
    assert (mutation.status, mutation.headers["Allow"]) == (405, "POST")
    assert (await api.client.get("/graphql", params={**query, "variables": "{"}, headers=BEARER)).status == 400


async def test_queries_may_come_by_query(api: Api) -> None:
    response = await api.client.request("QUERY", "/graphql", json=OK, headers=BEARER)
    assert (response.status, (await response.json())["data"]) == (200, {"viewer": {"name": "Alice"}})


async def test_other_methods_and_paths_are_refused_as_json(api: Api) -> None:
    deleted = await api.client.delete("/graphql", headers=BEARER)
    assert (deleted.status, deleted.headers["Allow"]) == (405, "GET, POST, QUERY")
    nowhere = await api.client.get("/nowhere")
    assert (nowhere.status, await _code(nowhere)) == (404, "NOT_FOUND")


async def test_a_subscription_needs_another_connection(api: Api) -> None:
    response = await _post(api, {"query": "subscription { sync { token } }"})
    assert response.status in (400, 422)  # there are none in the schema yet


async def test_a_request_id_is_echoed_and_a_bad_one_replaced(api: Api) -> None:
    assert (await _post(api, OK, **{"X-Request-Id": "abc-1"})).headers["X-Request-Id"] == "abc-1"
    made = [(await _post(api, OK, **{"X-Request-Id": "a b\tc"})).headers["X-Request-Id"] for _ in range(2)]
    assert all(re.fullmatch(r"[0-9a-f]{13,}", one) for one in made)
    assert made[0] != made[1]


async def test_health_says_what_is_ready(api: Api) -> None:
    assert await (await api.client.get("/livez")).json() == {"status": "alive"}
    ready = await api.client.get("/readyz")
    assert (ready.status, await ready.json()) == (200, {"status": "ready", "parts": {"database": "ok", "redis": "ok"}})


async def test_graphiql_is_a_page_of_ours_with_a_token_and_no_far_host(api: Api) -> None:
    response = await api.client.get("/graphql", headers={"Accept": "text/html"})
    html = await response.text()
    assert (response.status, response.content_type) == (200, "text/html")
    assert '<meta name="pollux-token" content="ey' in html
    assert "http://" not in html
    assert "https://" not in html
    assert response.headers["Cache-Control"] == "no-store"
    asset = html.split('src="')[1].split('"')[0]
    script = await api.client.get(asset, headers={"Accept-Encoding": "gzip"})
    assert (script.status, script.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    by_another_name = await api.client.get("/graphql", headers={"Accept": "text/html", "Host": "rebound.example"})
    assert 'content="ey' not in await by_another_name.text()


async def test_the_chat_is_a_page_without_inline_script_that_signs_in_by_name_on_this_machine_alone(api: Api) -> None:
    response = await api.client.get("/", params={"as": "bob"})
    html = await response.text()
    assert '<meta name="pollux-token" content="ey' in html
    assert "script-src 'self';" in response.headers["Content-Security-Policy"]
    assert re.findall(r"<script[^>]*></script>|<script", html) == re.findall(r"<script[^>]* src=[^>]*></script>", html)
    nobody = [await api.client.get("/"), await api.client.get("/", params={"as": 'b"><script>'})]
    by_another_name = await api.client.get("/", params={"as": "bob"}, headers={"Host": "rebound.example"})
    for answer in (*nobody, by_another_name):
        assert '<meta name="pollux-token" content="">' in await answer.text()


async def test_null_by_a_variable_where_none_may_be_is_the_clients_mistake(api: Api) -> None:
    answer = await api.answer("query($t: String = null) { viewer { name } searchChannels(text: $t) { nodes { id } } }", {"t": None})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    assert answer["data"] == {"viewer": {"name": "Alice"}, "searchChannels": None}
