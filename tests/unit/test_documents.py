"""Documents: read once and remembered, in bounded number and size; no document is an error of the server."""

import pytest
from graphql import build_schema

from app.documents import LONGEST_REMEMBERED, MAX_BYTES, Documents, Phase, Reading, bytes_of
from app.limits import Limits

SCHEMA = build_schema("type Query { me: Query, id(list: [[Int]], text: String): ID }")
LIMITS = Limits()


@pytest.fixture
def documents() -> Documents:
    return Documents(SCHEMA, LIMITS, introspection=True)


def _remembered(documents: Documents, text: str) -> Reading:
    """Return what is remembered of a text from its second sight on."""
    documents.read(text)
    return documents.read(text)


def _is_refused(document: Reading, phase: Phase) -> bool:
    return document.phase is phase and len(document.errors) > 0


def test_a_valid_document_is_ready_to_run(documents: Documents) -> None:
    document = documents.read("query A { me { id } }")
    assert document.document is not None
    assert (document.errors, document.phase) == ([], Phase.EXECUTED)


@pytest.mark.parametrize(
    "text", ["", " ", "# a comment", "{", "{ me { id }", "me", "{ a(", "\x00", "{\ud800}", "😀", "{ }", "{ me { } }"]
)
def test_a_text_that_is_no_document_is_a_parse_error(documents: Documents, text: str) -> None:
    document = documents.read(text)
    assert _is_refused(document, Phase.PARSE)
    assert document.document is None


@pytest.mark.parametrize(
    "text",
    [
        "{ nope }",
        "{ me }",
        "{ id { id } }",
        "{ id(text: 5) }",
        "{ id(nope: 1) }",
        "query($x: Nope) { id }",
        "query { id(text: $x) }",
        "mutation { id }",
        "{ ...F }",
        "{ ...F } fragment F on Query { ...F }",
        "fragment F on Query { id }",
        "type Query { id: ID }",
        "{ a: id a: me { id } }",
    ],
)
def test_a_document_that_does_not_fit_the_schema_is_a_validation_error(documents: Documents, text: str) -> None:
    assert _is_refused(documents.read(text), Phase.VALIDATION)


@pytest.mark.parametrize("text", ["{ id }", "{ nope }", "{"])
def test_a_text_is_remembered_from_its_second_sight_on(documents: Documents, text: str) -> None:
    first, second = documents.read(text), documents.read(text)
    assert first is not second
    assert documents.read(text) is second


def test_texts_that_differ_are_read_each(documents: Documents) -> None:
    assert documents.read("{ id }") is not documents.read("{ id } ")


@pytest.mark.parametrize(("size", "remembered"), [(LONGEST_REMEMBERED, True), (LONGEST_REMEMBERED + 1, False)])
def test_a_long_text_is_read_but_not_remembered_where_it_may_be_so_long(size: int, remembered: bool) -> None:
    documents = Documents(SCHEMA, Limits.model_validate({"POLLUX_MAX_DOCUMENT": 2 * LONGEST_REMEMBERED}), introspection=True)
    text = "{ id }".ljust(size)
    assert documents.read(text).phase is Phase.EXECUTED
    assert (documents.read(text) is documents.read(text)) is remembered


def test_texts_are_forgotten_beyond_a_bound_of_bytes_the_unused_first(documents: Documents) -> None:
    used, unused = _remembered(documents, "{ id }"), _remembered(documents, "{ me { id } }")
    for number in range(2 * MAX_BYTES // bytes_of(" " * 1000)):  # what is unused is looked at twice
        _remembered(documents, f"{{ a{number} }}".ljust(1000))
        documents.read("{ id }")
    assert documents.read("{ id }") is used
    assert documents.read("{ me { id } }") is not unused


def _nested(opening: str, inside: str, closing: str, depth: int) -> str:
    return opening * depth + inside + closing * depth


@pytest.mark.parametrize("depth", [100, 150, 200, 250, 300, 500, 1000, 1600, 2400, 100_000])
def test_any_depth_is_read_or_refused(documents: Documents, depth: int) -> None:
    for text in (
        _nested("{me", "{id}", "}", depth),
        "{" + _nested("...{", "id", "}", depth) + "}",
        "{ id(list: " + _nested("[", "1", "]", depth) + ") }",
        "{ id(text: " + _nested("{a:", "1", "}", depth) + ") }",
        "query($x: " + _nested("[", "Int", "]", depth) + ") { id }",
    ):
        document = documents.read(text)
        assert document.phase in (Phase.EXECUTED, Phase.PARSE, Phase.COMPLEXITY, Phase.VALIDATION)
        assert (document.document is None) == (document.phase is not Phase.EXECUTED)
        assert bool(document.errors) == (document.phase is not Phase.EXECUTED)


def test_fragments_that_spread_one_another_are_read_or_refused(documents: Documents) -> None:
    chain = "".join(f"fragment F{step} on Query{{...F{step + 1}}}" for step in range(600))
    document = documents.read("{...F0}" + chain + "fragment F600 on Query{id}")
    assert document.phase is Phase.COMPLEXITY


@pytest.mark.parametrize("text", ["{ __schema { queryType { name } } }", '{ __type(name: "Query") { name } }'])
def test_introspection_is_refused_where_it_is_off(text: str) -> None:
    assert Documents(SCHEMA, LIMITS, introspection=True).read(text).phase is Phase.EXECUTED
    assert _is_refused(Documents(SCHEMA, LIMITS, introspection=False).read(text), Phase.VALIDATION)


def test_what_clients_need_of_types_stays_where_introspection_is_off() -> None:
    assert Documents(SCHEMA, LIMITS, introspection=False).read("{ __typename me { __typename } }").phase is Phase.EXECUTED
