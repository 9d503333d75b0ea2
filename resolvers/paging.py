"""Pages: the arguments a client may give, and the connection it gets.

Rule: `first` and `last` exclude each other, are at least 1, and are cut to 200; an explicit null is as absent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from models.errors import BadUserInput

LARGEST_PAGE = 200

N = TypeVar("N")


@dataclass(frozen=True, slots=True)
class PageRequest:
    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None:
            raise BadUserInput("Give first or last, not both.")
        for name, size in (("first", self.first), ("last", self.last)):
            if size is not None and size < 1:
                raise BadUserInput(f"{name} is {size}; at least 1 is needed.")

    def size(self, default: int) -> int:
        """Return how many the client wants, cut to 200."""
        return min(self.first or self.last or default, LARGEST_PAGE)

    @property
    def backward(self) -> bool:
        """Whether the page is cut from the end of its range rather than from the start."""
        return self.last is not None


class PageInfo(NamedTuple):
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class Edge(NamedTuple, Generic[N]):
    cursor: str
    node: N


@dataclass(frozen=True, slots=True)
class Connection(Generic[N]):
    """One page, in the connection's order."""

    edges: Sequence[Edge[N]]
    page_info: PageInfo

    @property
    def nodes(self) -> list[N]:
        return [edge.node for edge in self.edges]


def forward_connection(edges: Sequence[Edge[N]], request: PageRequest, *, more: bool) -> Connection[N]:
    """Return a page that follows the cursor, with `more` behind it; an empty page repeats the cursor."""
    info = PageInfo(
        has_next_page=more,
        has_previous_page=request.after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else request.after,
    )
    return Connection(edges, info)
