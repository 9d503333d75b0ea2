"""The read watch: told of every read that nobody has declared.

Rule: an answer may be kept only if everything it was made from can be checked again. Whoever reads for an answer says
what it depends on and reads within `declared()`; any other read of the store, direct or shared, is told to the watch of
the request, which then keeps nothing.
"""

from collections.abc import Callable
from contextvars import ContextVar, Token

_Watch = Callable[[object], None]
_watch: ContextVar[_Watch | None] = ContextVar("read watch", default=None)


def note(read: object) -> None:
    """Tell the watch of this request, if there is one, of a read; `read` says which."""
    tell = _watch.get()
    if tell is not None:
        tell(read)


def watch(tell: _Watch) -> None:
    """Tell `tell` of every undeclared read of the present task and of those it starts from now on."""
    _watch.set(tell)


class declared:  # noqa: N801  # read as a word of the statement: `with declared():`
    """Read within this block what the answer's dependencies cover."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token: Token[_Watch | None] = _watch.set(None)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not GeneratorExit:  # thrown away while it waits: ended by the collector, in somebody else's context
            _watch.reset(self._token)
