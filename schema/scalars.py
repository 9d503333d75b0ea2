"""Scalars of the API."""

from datetime import UTC, datetime, timedelta
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

DateTime = NewType("DateTime", int)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso_instant(microseconds: int) -> str:
    """Return microseconds since 1970 as ISO 8601 in UTC, always with six digits and a trailing Z."""
    return f"{(_EPOCH + timedelta(microseconds=microseconds)).isoformat(timespec='microseconds')[:-6]}Z"


def _microseconds(text: object) -> DateTime:
    if not isinstance(text, str):
        raise TypeError("an ISO 8601 text is needed")
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant needs its offset from UTC, such as Z")
    return DateTime((instant - _EPOCH) // timedelta(microseconds=1))


SCALARS: dict[object, ScalarDefinition] = {
    DateTime: strawberry.scalar(
        name="DateTime",
        description="ISO 8601 instant in UTC with a trailing Z and microseconds.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=iso_instant,
        parse_value=_microseconds,
    )
}
