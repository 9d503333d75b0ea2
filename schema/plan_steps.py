"""The steps of a plan: how one value of the schema's types becomes JSON, without asking what it is each time.

Rule: a step does what graphql-core would, or raises; whatever it raises, the operation is executed again by
graphql-core itself, whose answer counts. A step that returns a coroutine is awaited beside its siblings.
"""

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from types import CoroutineType
from typing import Any, NamedTuple

from graphql import FieldNode, GraphQLLeafType, GraphQLObjectType

from resolvers.context import Context


class Surprise(Exception):
    """A value that a plan does not expect; what it means is graphql-core's to say."""


class Run(NamedTuple):
    """One execution of a plan; `begun` are the coroutines that it has to await, or to close."""

    context: Context
    variables: Mapping[str, Any]
    begun: list[Coroutine[Any, Any, Any]]

    def close(self) -> None:
        """Close what was never started, because the execution was cancelled before its turn came."""
        for one in self.begun:
            if inspect.getcoroutinestate(one) == inspect.CORO_CREATED:
                one.close()


class PlannedInfo:
    """What a resolver may ask of its field; of Strawberry's Info, what ours use."""

    __slots__ = ("context", "field_nodes", "variable_values")

    def __init__(self, run: Run, node: FieldNode) -> None:
        self.context = run.context
        self.variable_values = run.variables
        self.field_nodes = (node,)

    @property
    def _raw_info(self) -> "PlannedInfo":
        return self


Complete = Callable[[Any, Run], Any]
Resolve = Callable[[Any, Run], Any]


class Completion(NamedTuple):
    """How values of one type become JSON for one selection.

    `pure` where that takes attributes alone: it never awaits, and is the same for all viewers. Completions with equal
    `signature` give equal JSON.
    """

    complete: Complete
    pure: bool
    signature: Hashable


class Step(NamedTuple):
    """One field of an object: its key in the answer, how it is resolved, and how its value becomes JSON.

    `attribute` is given where it is resolved by the object alone.
    """

    key: str
    resolve: Resolve
    completion: Completion
    attribute: Callable[[Any], Any] | None = None


_EXACT: dict[str, type] = {"String": str, "ID": str, "Boolean": bool}
# GraphQL's Int has 32 bits.
_INT_END = 1 << 31


def leaf(type_: GraphQLLeafType, *, nullable: bool) -> Completion:
    """Return the completion of a scalar or an enum."""
    coerce, exact, is_int = type_.coerce_output_value, _EXACT.get(type_.name), type_.name == "Int"

    def complete(value: Any, _: Run) -> Any:
        if type(value) is exact or (is_int and type(value) is int and -_INT_END <= value < _INT_END):
            return value
        if value is None:
            if nullable:
                return None
            raise Surprise
        done = coerce(value)
        if done is None:
            raise Surprise
        return done

    return Completion(complete, pure=True, signature=type_.name)


def items(item: Completion, *, nullable: bool) -> Completion:
    """Return the completion of a list."""
    complete_item = item.complete

    def complete(values: Any, run: Run) -> Any:
        if values is None:
            if nullable:
                return None
            raise Surprise
        if type(values) is not list:
            raise Surprise
        if item.pure:
            return [complete_item(value, run) for value in values]
        done: list[Any] = []
        waiting: list[tuple[int, Coroutine[Any, Any, Any]]] = []
        try:
            for place, value in enumerate(values):
                one = complete_item(value, run)
                done.append(one)
                if type(one) is CoroutineType:
                    waiting.append((place, one))
        except Exception as error:
            if not waiting:
                raise
            waiting.append((0, _raised(error)))
        return _later(done, waiting, run) if waiting else done

    return Completion(complete, item.pure, ("list", item.signature))


def fields(type_: GraphQLObjectType, steps: Sequence[Step], names: Hashable, *, nullable: bool, pure: bool) -> Completion:
    """Return the completion of an object; `names` tells its fields apart from those with equal keys and types."""
    quick = [(step.key, step.resolve, step.completion.complete) for step in steps]
    attributes = [(step.key, step.attribute, step.completion.complete) for step in steps if step.attribute is not None]

    def complete_pure(source: Any, run: Run) -> Any:
        if source is None:
            if nullable:
                return None
            raise Surprise
        return {key: complete(get(source), run) for key, get, complete in attributes}

    def complete(source: Any, run: Run) -> Any:
        if source is None and nullable:
            return None
        done: dict[str, Any] = {}
        waiting: list[tuple[str, Coroutine[Any, Any, Any]]] = []
        key = ""
        try:
            for key, resolve, complete_value in quick:
                value = resolve(source, run)
                if type(value) is CoroutineType:
                    run.begun.append(value)
                    one = _finished(value, complete_value, run)
                else:
                    one = complete_value(value, run)
                done[key] = one
                if type(one) is CoroutineType:
                    waiting.append((key, one))
        except Exception as error:
            if not waiting:
                raise
            waiting.append((key, _raised(error)))
        return _later(done, waiting, run) if waiting else done

    return Completion(complete_pure if pure else complete, pure, (type_.name, names))


def one_of(options: Sequence[tuple[GraphQLObjectType, Completion]], *, nullable: bool) -> Completion:
    """Return the completion of an interface's value, by the first of its types that knows the value."""

    def complete(value: Any, run: Run) -> Any:
        if value is None and nullable:
            return None
        for type_, completion in options:
            if type_.is_type_of is not None and type_.is_type_of(value, run):  # type: ignore[arg-type]  # ours take any info
                return completion.complete(value, run)
        raise Surprise

    return Completion(complete, pure=False, signature=None)


def attribute_step(key: str, get: Callable[[Any], Any], completion: Completion) -> Step:
    """Return the step of a field that is resolved by its object alone."""
    return Step(key, lambda source, _: get(source), completion, get)


async def _finished(value: Coroutine[Any, Any, Any], complete: Complete, run: Run) -> Any:
    done = complete(await value, run)
    return await done if type(done) is CoroutineType else done


async def _raised(error: Exception) -> Any:
    """Raise an error beside what was begun before it, which has to be awaited."""
    raise error


def _later(done: Any, waiting: Sequence[tuple[Any, Coroutine[Any, Any, Any]]], run: Run) -> Coroutine[Any, Any, Any]:
    run.begun.extend([one for _, one in waiting])
    return _settled(done, waiting)


async def _settled(done: Any, waiting: Sequence[tuple[Any, Coroutine[Any, Any, Any]]]) -> Any:
    """Put what is still to come in its places, all of it at the same time."""
    if len(waiting) == 1:
        ((place, one),) = waiting
        done[place] = await one
    else:
        found = await asyncio.gather(*(one for _, one in waiting))
        for (place, _), value in zip(waiting, found, strict=True):
            done[place] = value
    return done
