"""AuditEntry: what was done to a channel, its members and others' messages."""

import strawberry

from models.audit import AuditKind
from schema import enums  # noqa: F401  # publishes AuditKind
from schema.page import PageInfo
from schema.scalars import DateTime
from schema.user import User


@strawberry.type(description="Something that was done in a channel.")
class AuditEntry:
    kind: AuditKind = strawberry.field(description="What was done.")
    created_at: DateTime = strawberry.field(description="When.")
    actor: User = strawberry.field(description="Who did it.")
    user: User | None = strawberry.field(
        description="To whom: the member, or the author of the message. Who joins or leaves alone is also the actor."
    )
    message_id: strawberry.ID | None = strawberry.field(description="To which message.")


@strawberry.type(description="An entry and its place in the order.")
class AuditEdge:
    cursor: str = strawberry.field(description="Place in this list.")
    node: AuditEntry = strawberry.field(description="The entry.")


@strawberry.type(description="What was done in a channel, newest first.")
class AuditConnection:
    edges: list[AuditEdge] = strawberry.field(description="Entries with their cursors.")
    nodes: list[AuditEntry] = strawberry.field(description="Entries without their cursors.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
