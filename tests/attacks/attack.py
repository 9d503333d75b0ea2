"""The form of an attack over HTTP: what is sent, and what its answer has to be."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.asking import token

JSON = "application/json"
STRICT = "application/graphql-response+json"
MALLORY = "mallory"
NAME = "{ viewer { name } }"
# Never to be read in an answer to an attacker.
SECRET_WORDS = "words-for-members-alone"
SECRET_NAME = "a-room-for-members-alone"
# Of a message of Mallory's.
TAKEN = "the-key-of-another-message"


@dataclass(frozen=True)
class World:
    """What is there to be attacked: ids of things, and cursors.

    Mallory belongs to the open channel, sees the public one, left the lost one, and is the last owner of `own`, in which bob is.
    """

    open: str
    hidden: str
    lost: str
    archived: str
    public: str
    own: str
    hidden_message: str
    open_message: str
    hidden_cursor: str
    lost_cursor: str
    open_cursor: str
    public_cursor: str
    bobs_sync: str
    bob: str
    mallory: str


@dataclass(frozen=True)
class Sent:
    """A request. Without `authorization` it is Mallory's."""

    body: bytes = b""
    method: str = "POST"
    path: str = "/graphql"
    headers: Mapping[str, str] = field(default_factory=dict)
    authorization: str | None = f"Bearer {token(MALLORY)}"


@dataclass(frozen=True)
class Attack:
    """One attack. `rows` are those of the list (tests/attacks/rows.py) that it belongs to.

    `code` is of the first error, or of the first of a payload's userErrors; None where there is none of either. What is
    `cheap` is refused in 10 ms of CPU. `shows` is in the answer.
    """

    name: str
    rows: tuple[int, ...]
    send: Callable[[World], Sent]
    status: int
    code: str | None
    cheap: bool = False
    headers: Mapping[str, str | None] = field(default_factory=dict)
    shows: bytes = b""


def post(
    query: object, *, accept: str = STRICT, more: Mapping[str, Any] | None = None, **variables: Any
) -> Callable[[World], Sent]:
    """Return a question by POST. Texts of the variables that name a field of the world in braces become its value."""

    def send(world: World) -> Sent:
        payload = {"query": filled(query, world), "variables": filled(variables, world), **(more or {})}
        return Sent(json.dumps(payload).encode(), headers={"Content-Type": JSON, "Accept": accept})

    return send


def unseen(sent: Sent, name: str) -> Sent:
    """Return a request whose document begins with a comment of its own, so that the server does not remember it."""
    return replace(sent, body=sent.body.replace(b'"query": "', b'"query": "#%b\\n' % name.encode(), 1))


def raw(body: bytes, content_type: str = JSON, **headers: str) -> Callable[[World], Sent]:
    """Return a body as it stands, by POST."""
    return lambda _: Sent(body, headers={"Content-Type": content_type, "Accept": STRICT, **headers})


def filled(given: Any, world: World) -> Any:
    """Return `given` with each `<field>` replaced by what the world has there."""
    if isinstance(given, str):
        for name, value in vars(world).items():
            given = given.replace(f"<{name}>", value)
        return given
    if isinstance(given, dict):
        return {key: filled(value, world) for key, value in given.items()}
    if isinstance(given, list):
        return [filled(value, world) for value in given]
    return given
