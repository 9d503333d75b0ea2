"""Admission: whether a request is executed now, or refused because more comes than this process can answer.

Rule: asked only of what would be executed. A poll whose kept answer holds takes hardly longer than its refusal would, so it is
answered whatever comes; health and metrics do not pass here at all.
"""

from graphql import OperationType

from app.requests import Prepared
from models.errors import AskedTooSoon, Shed
from realtime.shedding import Client, Demand, Shedding

# Who opens a socket is not known yet.
_SOCKET = Client(0, "websocket")


def admit(shedding: Shedding, user_id: int, prepared: Prepared) -> None:
    """Let a request be executed. Raises AskedTooSoon, Shed."""
    if not shedding.pressure:
        return
    operation = prepared.operation
    type_ = operation.node.operation
    waits = type_ is OperationType.SUBSCRIPTION or bool(operation.given.get("waitMs"))
    client = Client(user_id, prepared.tally.kind)
    _unless_refused(shedding, client, changes=type_ is OperationType.MUTATION, waits=waits)


def admit_socket(shedding: Shedding) -> None:
    """Let a WebSocket be opened. Raises Shed."""
    _unless_refused(shedding, _SOCKET)


def note_told(shedding: Shedding, user_id: int, prepared: Prepared, milliseconds: int) -> None:
    """Take note of when somebody was told to ask again."""
    shedding.told(Client(user_id, prepared.tally.kind), milliseconds)


def _unless_refused(shedding: Shedding, client: Client, *, changes: bool = False, waits: bool = False) -> None:
    found = shedding.refused(client, changes=changes, waits=waits)
    if found is not None:
        raise AskedTooSoon(found.retry_after_s) if found.demand is Demand.EARLY else Shed(round(1000 * found.retry_after_s))
