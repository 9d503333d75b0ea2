"""UserError: a mistake that the user can mend, as part of a mutation's payload."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import strawberry

from models.errors import Mistake, MistakeCode
from schema import enums  # noqa: F401  # publishes UserErrorCode

T = TypeVar("T")


@strawberry.type(
    description="A mistake that the user can mend. Everything else is an entry of the response's errors, with extensions.code."
)
class UserError:
    field: list[str] | None = strawberry.field(description='Path of the input field at fault, such as ["input", "content"].')
    message: str = strawberry.field(description="For the user to read, in English.")
    code: MistakeCode = strawberry.field(description="For a program to act on.")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What a mutation did, or the mistakes that stopped it."""

    value: T | None
    user_errors: list[UserError] = field(default_factory=list)


async def outcome(work: Awaitable[T]) -> Outcome[T]:
    """Return what `work` gives, or the mistake it raises."""
    try:
        return Outcome(await work)
    except Mistake as mistake:
        return Outcome(None, [UserError(field=mistake.field, message=mistake.message, code=mistake.code)])
