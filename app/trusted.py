"""Trusted documents: the operations of a manifest file, and no others.

Rule: a manifest is read whole before anything is opened; one document in it that could not run stops the start, with a
line that names the setting, the document and the reason.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import orjson

from app.documents import Documents
from app.graphql_request import SHA256_PREFIX
from app.settings import WrongSettings

APOLLO_FORMAT = "apollo-persisted-query-manifest"
ALLOWED = f'a file with a JSON object of texts by their ids, or one of the format "{APOLLO_FORMAT}" in version 1'


class _WrongManifest(Exception):
    """What is wrong with a manifest."""


class TrustedDocuments:
    """The documents of a manifest, by their ids and their hashes."""

    def __init__(self, text_by_id: Mapping[str, str]) -> None:
        self._texts = frozenset(text_by_id.values())
        self._text_by_name = {**text_by_id, **{_hash_name(text): text for text in self._texts}}

    @classmethod
    def read(cls, path: Path, documents: Documents) -> Self:
        """Read a manifest whose documents all fit the schema. Raises WrongSettings."""
        try:
            text_by_id = _parse(path)
            for identifier, text in text_by_id.items():
                _check(identifier, text, documents)
        except _WrongManifest as error:
            raise WrongSettings(f"POLLUX_TRUSTED_DOCUMENTS={path} is wrong; {' '.join(str(error).split())}") from None
        return cls(text_by_id)

    def named(self, name: str) -> str | None:
        """Return the text with this id of the manifest, or with this hash where the name is `sha256:` and the hash."""
        return self._text_by_name.get(name)

    def __contains__(self, text: str) -> bool:
        return text in self._texts


def _parse(path: Path) -> dict[str, str]:
    """Return the texts of a manifest by their ids. Raises _WrongManifest."""
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise _WrongManifest(f"{error.strerror or error}; allowed: {ALLOWED}") from None
    except orjson.JSONDecodeError as error:
        raise _WrongManifest(f"not JSON ({error}); allowed: {ALLOWED}") from None
    if not isinstance(content, dict) or not content:
        raise _WrongManifest(f"allowed: {ALLOWED}")
    found: dict[str, str] = {}
    for identifier, text in _entries(content):
        if not isinstance(identifier, str) or not identifier:
            raise _WrongManifest(f"an id is {identifier!r}; allowed: a text that is not empty")
        if identifier in found:
            raise _WrongManifest(f"document {identifier!r} is refused: the id is given twice")
        if not isinstance(text, str):
            raise _WrongManifest(f"document {identifier!r} is refused: it is no text")
        found[identifier] = text
    if not found:
        raise _WrongManifest(f"it holds no document; allowed: {ALLOWED}")
    return found


def _entries(content: Mapping[str, object]) -> Iterator[tuple[object, object]]:
    """Yield ids and texts as they are, of whatever types. Raises _WrongManifest."""
    # In a plain manifest "operations" would be an id, and what it leads to a text.
    operations = content.get("operations")
    if isinstance(operations, str | None):
        yield from content.items()
        return
    if (content.get("format"), content.get("version")) != (APOLLO_FORMAT, 1) or not isinstance(operations, list):
        raise _WrongManifest(f"allowed: {ALLOWED}")
    for operation in operations:
        if not isinstance(operation, dict):
            raise _WrongManifest(f"an operation is no object; allowed: {ALLOWED}")
        yield operation.get("id"), operation.get("body")


def _check(identifier: str, text: str, documents: Documents) -> None:
    """Raise _WrongManifest for a document that could not run, or not under its id."""
    if identifier.startswith(SHA256_PREFIX) and identifier != _hash_name(text):
        raise _WrongManifest(f"document {identifier!r} is refused: its text has the hash {_hash_name(text)}")
    errors = documents.read(text).errors
    if errors:
        raise _WrongManifest(f"document {identifier!r} is refused: {errors[0].message}")


def _hash_name(text: str) -> str:
    return SHA256_PREFIX + hashlib.sha256(text.encode()).hexdigest()
