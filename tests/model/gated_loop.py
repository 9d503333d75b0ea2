"""An event loop that runs until everything waits, and gates that the test opens one at a time.

Rule: nothing but the order in which gates are opened decides what happens, so a run is repeated by its choices.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from functools import partial
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class GatedLoop(asyncio.AbstractEventLoop):
    """Runs tasks, futures and callbacks; its clock stands still until the test moves it."""

    def __init__(self) -> None:
        self._ready: deque[tuple[asyncio.Handle, Callable[..., object], tuple[Any, ...], Context | None]] = deque()
        self._now_s = 0.0
        self._timers: list[tuple[asyncio.TimerHandle, Callable[[], object]]] = []
        self.complaints: list[dict[str, Any]] = []

    def time(self) -> float:
        return self._now_s

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(self._now_s + delay, callback, args, self, context)
        self._timers.append((timer, partial(self.call_soon, callback, *args, context=context)))
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """What a timer calls when it is cancelled; it is passed over when its time comes."""

    @property
    def sleepers(self) -> bool:
        """Whether anybody waits for time to pass."""
        self._timers = [(timer, ring) for timer, ring in self._timers if not timer.cancelled()]
        return bool(self._timers)

    def let_time_pass(self) -> None:
        """Move the clock to the next timer, which then rings."""
        timer, ring = min(self._timers, key=lambda entry: entry[0].when())
        self._timers.remove((timer, ring))
        self._now_s = max(self._now_s, timer.when())
        ring()

    def call_soon(self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append((handle, callback, args, context))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: object = None, context: Context | None = None) -> asyncio.Task[Any]:
        return asyncio.Task(coro, loop=self, name=None if name is None else str(name), context=context)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.complaints.append(context)

    def run_until_all_wait(self) -> None:
        """Run what is ready, and what that makes ready, until nothing is."""
        asyncio._set_running_loop(self)
        try:
            while self._ready:
                handle, callback, args, context = self._ready.popleft()
                if handle.cancelled():
                    continue
                if context is None:
                    callback(*args)
                else:
                    context.run(callback, *args)
        finally:
            asyncio._set_running_loop(None)


class Gates:
    """Where tasks wait for the test; `closed` holds who waits, in the order they came."""

    def __init__(self, loop: GatedLoop) -> None:
        self._loop = loop
        self.closed: list[tuple[str, asyncio.Future[None]]] = []

    async def wait(self, label: str) -> None:
        gate: asyncio.Future[None] = self._loop.create_future()
        self.closed.append((label, gate))
        await gate

    def open(self, n: int, error: Exception | None = None) -> None:
        """Let the n-th of those who wait go on, or fail."""
        _, gate = self.closed.pop(n)
        if error is None:
            gate.set_result(None)
        else:
            gate.set_exception(error)


def at_once(coroutine: Coroutine[object, None, T]) -> T:
    """Return what a coroutine returns that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError("it waited")
