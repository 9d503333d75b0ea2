"""Which document a request asks for: by its text, by an identifier, or by its hash.

Rule: a hash leads to the text that has it or to none. A text is kept for others only after it was read and fits the
schema. Where documents are trusted, no other runs, and nothing is kept.
"""

import hashlib

from app.documents import Phase
from app.graphql_request import SHA256_PREFIX, GraphQLRequest
from app.trusted import TrustedDocuments
from cache.persisted import PersistedTexts
from models.errors import ErrorCode, PolluxError


class DocumentRefused(PolluxError):
    """The document may not run, or there is none; `phase` gives the answer's status."""

    phase: Phase


class PersistedQueryNotFound(DocumentRefused):
    """PersistedQueryNotFound"""  # clients compare the message, and send the text then

    code = ErrorCode.PERSISTED_QUERY_NOT_FOUND
    phase = Phase.UNKNOWN


class PersistedQueryMismatch(DocumentRefused):
    """The document does not have the hash in extensions.persistedQuery.sha256Hash."""

    code = ErrorCode.PERSISTED_QUERY_MISMATCH
    phase = Phase.MALFORMED


class UntrustedDocument(DocumentRefused):
    """This server runs the documents of its manifest only."""

    code = ErrorCode.UNTRUSTED_DOCUMENT
    phase = Phase.VALIDATION


class PersistedDocuments:
    """Finds documents that are not sent whole, and decides which may run."""

    def __init__(self, texts: PersistedTexts, trusted: TrustedDocuments | None = None) -> None:
        self._texts = texts
        self._trusted = trusted

    async def text_of(self, asked: GraphQLRequest) -> str:
        """Return the text of the document that is to run.

        Raises PersistedQueryNotFound, PersistedQueryMismatch, UntrustedDocument.
        """
        text = asked.query if asked.query is not None else await self._identified(asked)
        given_twice = asked.query is not None or asked.document_id is not None
        if given_twice and asked.sha256 is not None and not _has_hash(text, asked.sha256):
            raise PersistedQueryMismatch
        if self._trusted is not None and text not in self._trusted:
            raise UntrustedDocument
        return text

    def keep(self, asked: GraphQLRequest) -> None:
        """Keep the text of a request that sent it with its hash, once it is found that it can run."""
        if self._trusted is None and asked.query is not None and asked.sha256 is not None:
            self._texts.keep(asked.sha256, asked.query)

    def used(self, sha256: str) -> None:
        """Take note that a text was asked for by its hash, and found without asking `text_of` again."""
        if self._trusted is None:
            self._texts.renew(sha256)

    async def _identified(self, asked: GraphQLRequest) -> str:
        """Return the text that an identifier or a hash names. Raises PersistedQueryNotFound."""
        name = asked.document_id if asked.document_id is not None else f"{SHA256_PREFIX}{asked.sha256}"
        if self._trusted is not None:
            text = self._trusted.named(name)
        elif name.startswith(SHA256_PREFIX):
            text = await self._texts.get(name.removeprefix(SHA256_PREFIX))
        else:
            text = None
        if text is None:
            raise PersistedQueryNotFound
        return text


def _has_hash(text: str, sha256: str) -> bool:
    try:
        return hashlib.sha256(text.encode()).hexdigest() == sha256
    except UnicodeEncodeError:  # a lone surrogate: no text, and so without a hash
        return False
