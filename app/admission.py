"""Admission: whether a request is executed now, or refused because more comes than this process can answer.

Rule: asked only of what would be executed. A poll whose kept answer holds takes hardly longer than its refusal would, so it is
answered whatever comes; health and metrics do not pass here at all.
"""

from graphql import FieldNode, IntValueNode, OperationType, VariableNode

from app.requests import Prepared
from models.errors import AskedTooSoon, Shed
from realtime.shedding import Client, Demand, Shedding
from schema.operation import Operation

# Who waits for less may as well come at their interval.
LEAST_WAIT_MS = 1000
# Who opens a socket is not known yet.
_SOCKET = Client(0, "websocket")


def admit(shedding: Shedding, user_id: int, prepared: Prepared) -> None:
    """Let a request be executed. Raises AskedTooSoon, Shed."""
    if not shedding.pressure:
        return
    operation = prepared.operation
    type_ = operation.node.operation
    waits = type_ is OperationType.SUBSCRIPTION or _wait_ms(operation) >= LEAST_WAIT_MS
    client = Client(user_id, prepared.tally.kind)
    _unless_refused(shedding, client, changes=type_ is OperationType.MUTATION, waits=waits)


def admit_socket(shedding: Shedding) -> None:
    """Let a WebSocket be opened. Raises Shed."""
    _unless_refused(shedding, _SOCKET)


def note_told(shedding: Shedding, user_id: int, prepared: Prepared, milliseconds: int) -> None:
    """Take note of when somebody was told to ask again."""
    shedding.told(Client(user_id, prepared.tally.kind), milliseconds)


def _wait_ms(operation: Operation) -> int:
    """Return how long a sync is to wait for news, 0 where there is none or it is not told at once."""
    fields = [one for one in operation.node.selection_set.selections if isinstance(one, FieldNode) and one.name.value == "sync"]
    values = [given.value for one in fields for given in one.arguments or () if given.name.value == "waitMs"]
    waits = [
        operation.given.get(value.name.value) if isinstance(value, VariableNode) else int(value.value)
        for value in values
        if isinstance(value, VariableNode | IntValueNode)
    ]
    return max((wait for wait in waits if isinstance(wait, int)), default=0)


def _unless_refused(shedding: Shedding, client: Client, *, changes: bool = False, waits: bool = False) -> None:
    found = shedding.refused(client, changes=changes, waits=waits)
    if found is not None:
        raise AskedTooSoon(found.retry_after_s) if found.demand is Demand.EARLY else Shed(round(1000 * found.retry_after_s))
