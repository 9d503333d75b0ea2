"""Node: anything with a global identity."""

import strawberry


@strawberry.interface(description="Anything with a global, opaque, URL-safe identity (Relay).")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque; the same thing always has the same one.")
