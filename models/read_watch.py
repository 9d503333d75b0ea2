"""The read watch: told of every read that nobody has declared.

Rule: an answer may be kept only if everything it was made from can be checked again. Whoever reads for an answer says
what it depends on and reads within `declared()`; any other read of the store, direct or shared, is told to the watch of
the request, which then keeps nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_watch: ContextVar[Callable[[object], None] | None] = ContextVar("read watch", default=None)


def note(read: object) -> None:
    """Tell the watch of this request, if there is one, of a read; `read` says which."""
    tell = _watch.get()
    if tell is not None:
        tell(read)


@contextmanager
def declared() -> Iterator[None]:
    """Read within this block what the answer's dependencies cover."""
    token = _watch.set(None)
    try:
        yield
    finally:
        _watch.reset(token)


def watch(tell: Callable[[object], None]) -> None:
    """Tell `tell` of every undeclared read of the present task and those it starts from now on."""
    _watch.set(tell)
