"""Work in steps: a generator that yields where others may go on, and returns what the work is for."""

import asyncio
from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")

# What is due in a turn of the loop often has to do something in the next ones too: a request that came is read, then answered.
TURNS = 3


def at_once(steps: Generator[None, None, T]) -> T:
    """Return what the work is for, without letting anybody else go on."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: T = done.value
            return result


async def one_by_one(steps: Generator[None, None, T]) -> T:
    """Return what the work is for; between two steps everybody else has some turns of the loop."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: T = done.value
            return result
        for _ in range(TURNS):
            await asyncio.sleep(0)
