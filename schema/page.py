"""PageInfo: where a page stands in its connection."""

import strawberry


@strawberry.type(description="Where a page stands in its connection.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether something follows the page.")
    has_previous_page: bool = strawberry.field(description="Whether something precedes the page.")
    start_cursor: str | None = strawberry.field(
        description="Cursor of the page's first node. An empty page repeats the `before` it was given."
    )
    end_cursor: str | None = strawberry.field(
        description="Cursor of the page's last node. Never null where messages or notifications are paged: an empty page "
        "repeats the `after` it was given, or holds the cursor of the very start, so a client may always store it."
    )
