"""Scalars of the API."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

DateTime = NewType("DateTime", int)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso_instant(microseconds: int) -> str:
    """Return microseconds since 1970 as ISO 8601 in UTC, always with six digits and a trailing Z."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    days, second = divmod(seconds, 86_400)
    return f"{_date(days)}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.{fraction:06}Z"


@lru_cache(maxsize=1024)
def _date(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()


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
