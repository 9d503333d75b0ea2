"""What is said on WebSockets against the protocol, or without a right to."""

from dataclasses import dataclass, field
from typing import Any

from app.open_connections import PING_S
from tests.asking import token
from tests.attacks.attack import MALLORY

PROTOCOL = "graphql-transport-ws"
INIT: dict[str, Any] = {"type": "connection_init", "payload": {"Authorization": f"Bearer {token(MALLORY)}"}}
_ASK: dict[str, Any] = {"type": "subscribe", "id": "1", "payload": {"query": "subscription { sync { token } }"}}
assert PING_S > 1  # no ping comes between what is said and its answer


@dataclass(frozen=True)
class SocketAttack:
    """One attack. Texts and bytes are said as they stand; `status` is of the handshake, `closes` the code of the end."""

    name: str
    rows: tuple[int, ...]
    closes: int
    says: tuple[Any, ...] = ()
    protocols: tuple[str, ...] = (PROTOCOL,)
    status: int = 101
    headers: dict[str, str] = field(default_factory=dict)


def _said(name: str, closes: int, *says: Any) -> SocketAttack:
    return SocketAttack(f"socket: {name}", (17,), closes, says)


ATTACKS = [
    SocketAttack("socket: the legacy protocol", (17,), 4406, protocols=("graphql-ws",)),
    SocketAttack("socket: no protocol", (17,), 4406, protocols=()),
    SocketAttack("socket: of another site", (16, 17), 0, status=403, headers={"Origin": "https://evil.tld"}),
    SocketAttack("socket: of no site", (16, 17), 0, status=403, headers={"Origin": "null"}),
    _said("a subscription first", 4401, _ASK),
    _said("a second beginning", 4429, INIT, INIT),
    _said("one name twice", 4409, INIT, _ASK, _ASK),
    _said("no token", 4403, {"type": "connection_init"}),
    _said("a wrong token", 4403, {"type": "connection_init", "payload": {"Authorization": "Bearer x"}}),
    _said("a token in a list", 4403, {"type": "connection_init", "payload": {"Authorization": ["Bearer"]}}),
    _said("two tokens", 4403, {"type": "connection_init", "payload": {**INIT["payload"], "authorization": "Bearer x"}}),
    _said("a list for a payload", 4400, {"type": "connection_init", "payload": []}),
    _said("garbage", 4400, "{"),
    _said("depth", 4400, "[" * 100_000),
    _said("a number", 4400, 5),
    _said("nothing", 4400, None),
    _said("an unknown type", 4400, {"type": "x" * 1000}),
    _said("bytes", 4400, b"{}"),
    _said("300 kB", 1009, " " * 300_000),
    _said("a name of 129 signs", 4400, INIT, {**_ASK, "id": "x" * 129}),
    _said(
        "a name that is no text", 4400, INIT, '{"type": "subscribe", "id": "\\ud800", "payload": {"query": "{ viewer { id } }"}}'
    ),
    _said("an end of nothing it names", 4400, INIT, {"type": "complete"}),
    _said("what only servers say", 4400, INIT, {"type": "next", "id": "1", "payload": {}}),
    _said("an integer of 5000 digits", 4400, INIT, '{"type": "ping", "payload": {"a": ' + "9" * 5000 + "}}"),
    _said("no payload", 4400, INIT, {"type": "subscribe", "id": "1"}),
    _said("a number for a name", 4400, INIT, {**_ASK, "id": 1}),
]
