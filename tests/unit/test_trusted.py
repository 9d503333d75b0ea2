"""A manifest of trusted documents: read whole, or refused with a line that names the setting, the document and the reason."""

import hashlib
import json
from pathlib import Path

import pytest
from graphql import build_schema

from app.documents import Documents
from app.limits import Limits
from app.settings import WrongSettings
from app.trusted import ALLOWED, TrustedDocuments

DOCUMENTS = Documents(build_schema("type Query { me: Query, id: ID }"), Limits(), introspection=False)
TEXT, OTHER = "query A { id }", "query B { me { id } }"
HASH = hashlib.sha256(TEXT.encode()).hexdigest()


def _read(folder: Path, content: object) -> TrustedDocuments:
    path = folder / "documents.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return TrustedDocuments.read(path, DOCUMENTS)


def _wrong(folder: Path, content: object) -> str:
    """Return what is said of a manifest that is refused, after the setting and its value."""
    with pytest.raises(WrongSettings) as wrong:
        _read(folder, content)
    said = str(wrong.value)
    start = f"POLLUX_TRUSTED_DOCUMENTS={folder / 'documents.json'} is wrong; "
    assert said.startswith(start)
    assert "\n" not in said
    assert "allowed" in said or "refused" in said
    return said.removeprefix(start)


def _apollo(*operations: object, **more: object) -> dict[str, object]:
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations, **more}


@pytest.mark.parametrize(
    "content",
    [
        {"A": TEXT, "x:B": OTHER},
        _apollo(
            {"id": "A", "name": "A", "type": "query", "body": TEXT}, {"id": "x:B", "name": "B", "type": "query", "body": OTHER}
        ),
    ],
    ids=["plain", "apollo"],
)
def test_documents_are_found_by_id_and_by_hash(tmp_path: Path, content: object) -> None:
    trusted = _read(tmp_path, content)
    assert (trusted.named("A"), trusted.named("x:B"), trusted.named(f"sha256:{HASH}")) == (TEXT, OTHER, TEXT)
    assert [trusted.named(name) for name in ("B", HASH, TEXT, "format", "")] == [None] * 5
    assert TEXT in trusted
    assert OTHER in trusted
    assert f"{TEXT} " not in trusted


def test_two_ids_may_name_one_text(tmp_path: Path) -> None:
    trusted = _read(tmp_path, {"old": TEXT, f"sha256:{HASH}": TEXT})
    assert trusted.named("old") == trusted.named(f"sha256:{HASH}") == TEXT


def test_a_plain_manifest_may_use_the_words_of_the_other(tmp_path: Path) -> None:
    assert _read(tmp_path, {"operations": TEXT, "format": OTHER}).named("format") == OTHER


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"a": "\xff"}', None, [], 5, TEXT, {}, {"a": "\ud800"}, {"operations": []}, _apollo(version=2),
     _apollo(version="1"), _apollo(format="other"), _apollo(), _apollo(5), _apollo("{ id }"), _apollo(operations={"A": TEXT})],
)  # fmt: skip
def test_what_is_no_manifest_is_refused_with_what_is_allowed(tmp_path: Path, content: object) -> None:
    assert _wrong(tmp_path, content).endswith(f"allowed: {ALLOWED}")


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "nowhere.json", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(WrongSettings) as wrong:
            TrustedDocuments.read(path, DOCUMENTS)
        assert str(wrong.value) == f"POLLUX_TRUSTED_DOCUMENTS={path} is wrong; {reason}; allowed: {ALLOWED}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"A": TEXT, "Bad one": "{ nope }"}, "document 'Bad one' is refused: Cannot query field 'nope'"),
        ({"A": "{"}, "document 'A' is refused: Syntax Error"),
        ({"A": ""}, "document 'A' is refused: Syntax Error"),
        ({"A": "fragment F on Query { id }"}, "document 'A' is refused: Fragment 'F' is never used."),
        ({"A": "{ __schema { queryType { name } } }"}, "document 'A' is refused: GraphQL introspection has been disabled"),
        ({"A\nB": "{"}, "document 'A\\nB' is refused: Syntax Error"),
        ({"A": ["{ id }"]}, "document 'A' is refused: it is no text"),
        ({"": TEXT}, "an id is ''; allowed: a text that is not empty"),
        ({f"sha256:{HASH}": OTHER}, f"document 'sha256:{HASH}' is refused: its text has the hash sha256:"),
        (_apollo({"id": "A", "body": TEXT}, {"id": "A", "body": OTHER}), "document 'A' is refused: the id is given twice"),
        (_apollo({"id": "A", "body": "{ nope }"}), "document 'A' is refused: Cannot query field 'nope'"),
        (_apollo({"id": 5, "body": TEXT}), "an id is 5; allowed: a text that is not empty"),
        (_apollo({"id": "A"}), "document 'A' is refused: it is no text"),
    ],
)
def test_a_document_that_could_not_run_is_named_with_the_reason(tmp_path: Path, content: object, said: str) -> None:
    assert _wrong(tmp_path, content).startswith(said)
