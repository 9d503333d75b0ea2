"""Plan steps: an execution that is cancelled leaves nothing behind that was never awaited."""

import asyncio
import gc
from typing import cast

import pytest
from graphql import GraphQLField, GraphQLObjectType, GraphQLString

from resolvers.context import Context
from schema.plan import Plan
from schema.plan_steps import Completion, Step, fields, items

TEXT = Completion(lambda value, _: value, pure=False, signature="text")
TYPE = GraphQLObjectType("Thing", {"name": GraphQLField(GraphQLString)})


async def _forever() -> str:
    await asyncio.Event().wait()
    return ""


@pytest.mark.parametrize("turns", range(6))
async def test_what_was_cancelled_in_any_turn_of_the_loop_leaves_no_coroutine(turns: int) -> None:
    leaf = Step("name", lambda *_: _forever(), TEXT)
    thing = fields(TYPE, [leaf, leaf._replace(key="other")], "thing", nullable=False, pure=False)

    async def things() -> list[int]:
        return [1, 2]

    many = items(thing, nullable=False)
    steps = [Step("now", lambda *_: [1, 2], many), Step("later", lambda *_: things(), many), leaf]
    plan = Plan(fields(TYPE, steps, "root", nullable=False, pure=False), shared=False)
    task = asyncio.create_task(plan.run(cast(Context, None), {}))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gc.collect()  # a coroutine that was never awaited warns when it goes, and warnings are errors
