"""Persisted documents: how a request names one, and what a hash or an identifier leads to."""

import hashlib

import pytest

from app.graphql_request import GraphQLRequest, Malformed, graphql_request
from app.persisted import PersistedDocuments, PersistedQueryMismatch, PersistedQueryNotFound, UntrustedDocument
from app.trusted import TrustedDocuments
from cache.persisted import LONGEST_BYTES, MAX_BYTES, PersistedTexts
from cache.redis_level import RedisLevel

HASH = "a" * 32 + "0" * 32
TEXT, OTHER = "{ id }", "{ me { id } }"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _asked(query: str | None = None, *, document_id: str | None = None, sha256: str | None = None) -> GraphQLRequest:
    return GraphQLRequest(query, {}, None, document_id, sha256)


@pytest.fixture
def persisted() -> PersistedDocuments:
    return PersistedDocuments(PersistedTexts(RedisLevel(None)))


@pytest.fixture
def trusting() -> PersistedDocuments:
    return PersistedDocuments(PersistedTexts(RedisLevel(None)), TrustedDocuments({"A.1": TEXT}))


@pytest.mark.parametrize("query", [{}, {"query": None}, {"query": ""}])
def test_a_request_may_name_its_document_instead_of_sending_it(query: dict[str, object]) -> None:
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": HASH, "miss": True}}
    assert graphql_request({**query, "extensions": extensions}) == _asked(sha256=HASH)
    assert graphql_request({**query, "documentId": "x:y"}) == _asked(document_id="x:y")


@pytest.mark.parametrize("extensions", [None, {}, {"persistedQuery": None}, {"other": 1}])
def test_other_extensions_name_no_document(extensions: object) -> None:
    assert graphql_request({"query": "{a}", "extensions": extensions}) == _asked("{a}")


@pytest.mark.parametrize(
    ("wrong", "argument"),
    [
        *(({"version": version}, ".version") for version in (None, 0, 2, "1", True, 1.5)),
        *(({"sha256Hash": sha256}, ".sha256Hash") for sha256 in (None, 5, "", HASH[1:], f"{HASH}a", HASH.upper(), "g" * 64)),
    ],
)
@pytest.mark.parametrize("query", [{}, {"query": "{a}"}])
def test_a_malformed_hash_is_refused_by_the_argument_at_fault(
    query: dict[str, object], wrong: dict[str, object], argument: str
) -> None:
    extension: dict[str, object] = {"version": 1, "sha256Hash": HASH, **wrong}
    with pytest.raises(Malformed, match=f"^extensions.persistedQuery{argument} must be "):
        graphql_request({**query, "extensions": {"persistedQuery": extension}})


@pytest.mark.parametrize(
    ("payload", "argument"),
    [
        ({"documentId": ""}, "documentId"),
        ({"documentId": 5}, "documentId"),
        ({"documentId": "sha256:"}, "documentId"),
        ({"documentId": f"sha256:{HASH.upper()}"}, "documentId"),
        ({"documentId": f"sha256:{HASH}\n"}, "documentId"),
        ({"query": "{a}", "documentId": "x"}, "query"),
        ({"extensions": {"persistedQuery": HASH}}, "extensions.persistedQuery"),
        ({"extensions": {"persistedQuery": [HASH]}}, "extensions.persistedQuery"),
    ],
)
def test_a_malformed_name_is_refused_by_the_argument_at_fault(payload: dict[str, object], argument: str) -> None:
    with pytest.raises(Malformed, match=f"^{argument} must be "):
        graphql_request(payload)


async def test_a_text_alone_is_run_and_not_kept(persisted: PersistedDocuments) -> None:
    assert await persisted.text_of(_asked(TEXT)) == TEXT
    with pytest.raises(PersistedQueryNotFound, match=r"^PersistedQueryNotFound$"):
        await persisted.text_of(_asked(sha256=_hash(TEXT)))


async def test_a_text_sent_with_its_hash_is_found_by_it(persisted: PersistedDocuments) -> None:
    assert await persisted.text_of(_asked(TEXT, sha256=_hash(TEXT))) == TEXT
    persisted.keep(_asked(TEXT, sha256=_hash(TEXT)))
    assert await persisted.text_of(_asked(sha256=_hash(TEXT))) == TEXT
    assert await persisted.text_of(_asked(document_id=f"sha256:{_hash(TEXT)}")) == TEXT
    for unknown in (_asked(sha256=_hash(OTHER)), _asked(document_id=_hash(TEXT)), _asked(document_id="A.1")):
        with pytest.raises(PersistedQueryNotFound):
            await persisted.text_of(unknown)


@pytest.mark.parametrize("text", [OTHER, f"{TEXT} ", "{ \ud800 }"])
async def test_a_text_with_another_hash_is_neither_run_nor_kept(persisted: PersistedDocuments, text: str) -> None:
    with pytest.raises(PersistedQueryMismatch):
        await persisted.text_of(_asked(text, sha256=_hash(TEXT)))
    with pytest.raises(PersistedQueryNotFound):
        await persisted.text_of(_asked(sha256=_hash(TEXT)))


@pytest.mark.parametrize("asked", [_asked(TEXT), _asked(TEXT.ljust(LONGEST_BYTES + 1), sha256=HASH)], ids=["no hash", "too long"])
async def test_a_text_without_a_hash_or_too_long_is_not_kept(persisted: PersistedDocuments, asked: GraphQLRequest) -> None:
    persisted.keep(asked)
    for sha256 in (HASH, _hash(TEXT)):
        with pytest.raises(PersistedQueryNotFound):
            await persisted.text_of(_asked(sha256=sha256))


async def test_an_identifier_and_a_hash_must_name_the_same_text(
    persisted: PersistedDocuments, trusting: PersistedDocuments
) -> None:
    for text in (TEXT, OTHER):
        persisted.keep(_asked(text, sha256=_hash(text)))
    assert await persisted.text_of(_asked(document_id=f"sha256:{_hash(TEXT)}", sha256=_hash(TEXT))) == TEXT
    with pytest.raises(PersistedQueryMismatch):
        await persisted.text_of(_asked(document_id=f"sha256:{_hash(TEXT)}", sha256=_hash(OTHER)))
    with pytest.raises(PersistedQueryMismatch):
        await trusting.text_of(_asked(document_id="A.1", sha256=_hash(OTHER)))


async def test_what_is_not_used_is_forgotten_where_there_is_no_room() -> None:
    texts = PersistedTexts(RedisLevel(None))
    many = [f"{number}".ljust(LONGEST_BYTES) for number in range(MAX_BYTES // LONGEST_BYTES + 1)]
    for text in many:
        texts.keep(_hash(text), text)
        assert await texts.get(_hash(many[0])) == many[0]
    assert await texts.get(_hash(many[1])) is None
    assert texts._texts.weight <= MAX_BYTES


async def test_a_trusted_document_runs_by_its_id_its_hash_and_its_text(trusting: PersistedDocuments) -> None:
    for asked in (
        _asked(TEXT),
        _asked(TEXT, sha256=_hash(TEXT)),
        _asked(sha256=_hash(TEXT)),
        _asked(document_id="A.1"),
        _asked(document_id=f"sha256:{_hash(TEXT)}"),
    ):
        assert await trusting.text_of(asked) == TEXT


@pytest.mark.parametrize("text", [OTHER, f"{TEXT} ", "{", "{ __schema { queryType { name } } }", "{ \ud800 }"])
async def test_no_other_document_runs_or_is_kept(trusting: PersistedDocuments, text: str) -> None:
    sha256 = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    with pytest.raises(UntrustedDocument):
        await trusting.text_of(_asked(text))
    with pytest.raises(UntrustedDocument if text.isascii() else PersistedQueryMismatch):
        await trusting.text_of(_asked(text, sha256=sha256))
    for unknown in (_asked(sha256=sha256), _asked(document_id=f"sha256:{sha256}"), _asked(document_id="B")):
        with pytest.raises(PersistedQueryNotFound):
            await trusting.text_of(unknown)


async def test_a_hash_that_does_not_fit_is_said_before_anything_else(trusting: PersistedDocuments) -> None:
    with pytest.raises(PersistedQueryMismatch):
        await trusting.text_of(_asked(OTHER, sha256=_hash(TEXT)))
