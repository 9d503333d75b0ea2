"""Replies: ETags and 304, gzip, and the headers that come with them."""

import gzip
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import ClientResponse

from app.responses import GZIP_FROM_BYTES
from tests.asking import Api, token

ALWAYS = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Accept, Accept-Encoding, Origin", "X-Poll-Interval": "5"}
SMALL = "{ viewer { name } }"


@pytest.fixture
async def raw(api: Api) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that shows bodies as they were sent."""
    async with aiohttp.ClientSession(api.client.make_url("/"), auto_decompress=False) as session:
        yield session


async def _ask(api: Api, query: str = SMALL, *, who: str = "alice", of: str = "", **headers: str) -> ClientResponse:
    """Ask as a person, by their usual token or another one of theirs."""
    bearer = {"Authorization": f"Bearer {of or token(who)}"}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await api.client.post("/graphql", json={"query": query}, headers={**bearer, **given})


async def test_equal_answers_have_equal_tags_and_other_answers_others(api: Api) -> None:
    first, again = await _ask(api), await _ask(api)
    assert first.headers["ETag"] == again.headers["ETag"]
    assert first.headers["ETag"].startswith('W/"')
    other = await _ask(api, "{ viewer { id } }")
    assert other.headers["ETag"] != first.headers["ETag"]


async def test_a_tag_is_the_viewers_and_not_the_tokens(api: Api) -> None:
    query = "{ __typename }"
    earlier = await _ask(api, query, of=token("alice", issued_s=time.time() - 60))
    later, somebody = await _ask(api, query), await _ask(api, query, who="bob")
    assert earlier.headers["ETag"] == later.headers["ETag"] != somebody.headers["ETag"]
    held = earlier.headers["ETag"]
    assert (await _ask(api, query, If_None_Match=held)).status == 304
    assert (await _ask(api, query, who="bob", If_None_Match=held)).status == 200


@pytest.mark.parametrize(
    ("held", "status"),
    [
        ("{tag}", 304),
        ("{strong}", 304),
        ("*", 304),
        (" * ", 304),
        ('"another", {tag}', 304),
        ('{tag},"another"', 304),
        ('W/"another" , {strong} , "third"', 304),
        ('"another"', 200),
        ('"another", W/"third"', 200),
        ("{bare}", 200),
        ('"*"', 200),
        ("", 200),
    ],
)
async def test_who_holds_the_answer_is_told_so_without_a_body(api: Api, held: str, status: int) -> None:
    tag = (await _ask(api)).headers["ETag"]
    named = held.format(tag=tag, strong=tag.removeprefix("W/"), bare=tag[3:-1])
    answer = await _ask(api, If_None_Match=named, X_Request_Id="mine")
    assert answer.status == status
    assert ALWAYS.items() <= answer.headers.items()
    assert answer.headers["ETag"] == tag
    assert answer.headers["X-Request-Id"] == "mine"
    assert {"Cache-Status", "Server-Timing", "Date"} <= answer.headers.keys()
    body = await answer.read()
    if status == 304:
        assert body == b""
        assert not {"Content-Type", "Content-Length", "Content-Encoding"} & answer.headers.keys()
    else:
        assert answer.headers["Content-Length"] == str(len(body))


async def test_a_change_ends_what_is_held(api: Api) -> None:
    channel = await api.channel()
    query = f'{{ messages(channelId: "{channel}") {{ nodes {{ content }} }} }}'
    (tag,) = {(await _ask(api, query)).headers["ETag"] for _ in range(4)}
    assert (await _ask(api, query, If_None_Match=tag)).status == 304
    await api.send(channel, "news")
    answer = await _ask(api, query, If_None_Match=tag)
    assert (answer.status, (await answer.json())["data"]["messages"]["nodes"]) == (200, [{"content": "news"}])


async def test_an_answer_with_errors_and_a_mutations_have_no_tag(api: Api) -> None:
    partial = await _ask(api, '{ viewer { name } channel(id: "x") { id } }', If_None_Match="*")
    assert (partial.status, partial.headers["Cache-Control"]) == (200, "no-store")
    mutation = await _ask(api, "mutation { markNotificationsSeen { inbox { unseenCount } } }", If_None_Match="*")
    assert mutation.status == 200
    assert "ETag" not in partial.headers
    assert "ETag" not in mutation.headers


@pytest.mark.parametrize(
    ("accept", "packed"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("deflate, gzip;q=0.5, br", True),
        ("*", True),
        ("*;q=0, gzip", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("identity", False),
        ("br, deflate", False),
        ("", False),
    ],
)
async def test_a_large_answer_is_packed_for_who_accepts_it(api: Api, raw: aiohttp.ClientSession, accept: str, packed: bool) -> None:
    query = "{ " + " ".join(f"viewer{number}: viewer {{ name }}" for number in range(GZIP_FROM_BYTES // 25)) + " }"
    headers = {"Authorization": f"Bearer {token('alice')}", "Accept-Encoding": accept}
    for _ in range(4):  # as it is made, and as it is kept
        async with raw.post("/graphql", json={"query": query}, headers=headers) as answer:
            body = await answer.read()
            assert answer.headers["Content-Length"] == str(len(body))
            assert (answer.headers.get("Content-Encoding") == "gzip") is packed
            plain = gzip.decompress(body) if packed else body
            assert plain.startswith(b'{"data":{"viewer0":{"name":"Alice"}')
            assert len(plain) >= GZIP_FROM_BYTES


async def test_a_small_answer_is_sent_as_it_is(raw: aiohttp.ClientSession) -> None:
    headers = {"Authorization": f"Bearer {token('alice')}", "Accept-Encoding": "gzip"}
    async with raw.post("/graphql", json={"query": SMALL}, headers=headers) as answer:
        assert (await answer.read(), "Content-Encoding" in answer.headers) == (b'{"data":{"viewer":{"name":"Alice"}}}', False)
