"""Ending background tasks."""

import asyncio

_AGAIN_S = 0.1


async def end(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended.

    Again and again: a cancellation that meets a time-out on its way can be swallowed by what runs inside.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_AGAIN_S)
