"""Work in steps: a generator that yields where others may go on, and returns what the work is for."""

import asyncio
from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")


def at_once(steps: Generator[None, None, T]) -> T:
    """Return what the work is for, without letting anybody else go on."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: T = done.value
            return result


async def one_by_one(steps: Generator[None, None, T]) -> T:
    """Return what the work is for; everything else that is due comes between two steps."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: T = done.value
            return result
        await asyncio.sleep(0)
