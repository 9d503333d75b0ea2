"""Limits on what one request and one process may take: settings, each with a default that suits clients which know what they ask.

Rule: a limit is checked before the work that it bounds.
"""

from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_MANY = 1_000_000


def _limit(default: int, variable: str, least: int, most: int) -> Any:
    return Field(default, ge=least, le=most, validation_alias=variable)


class Limits(BaseSettings):
    """How much a request may ask for, and how many may connect."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore")

    # In bytes: a dozen of the longest messages.
    max_body: int = _limit(256 * 1024, "POLLUX_MAX_BODY", 1024, 64 << 20)
    # In characters; the longest message fits in eight times.
    max_document: int = _limit(32 * 1024, "POLLUX_MAX_DOCUMENT", 1024, _MANY)
    # The largest operation of Pollux's own clients has 160; six times as many take 10 ms to read.
    max_tokens: int = _limit(1000, "POLLUX_MAX_TOKENS", 100, _MANY)
    # The deepest that is asked in practice is GraphiQL's question for the schema, with 15.
    max_depth: int = _limit(15, "POLLUX_MAX_DEPTH", 1, 100)
    max_aliases: int = _limit(50, "POLLUX_MAX_ALIASES", 0, _MANY)
    max_directives: int = _limit(50, "POLLUX_MAX_DIRECTIVES", 0, _MANY)
    # With every fragment in each of its places.
    max_fields: int = _limit(1000, "POLLUX_MAX_FIELDS", 10, _MANY)
    # In objects that the answer may hold (schema/cost.py): a sync of 500 changes with all that they show.
    max_cost: int = _limit(10_000, "POLLUX_MAX_COST", 10, _MANY)
    # Items of lists and fields of objects, all together.
    max_variables: int = _limit(1000, "POLLUX_MAX_VARIABLES", 10, _MANY)

    # Of one process, those that are held among them; each takes a file descriptor and some ten kilobytes.
    max_connections: int = _limit(20_000, "POLLUX_MAX_CONNECTIONS", 10, _MANY)
    # Of one user in one process: held polls, and besides as many sockets and streams. A person has some tabs on some devices.
    max_held_by_user: int = _limit(100, "POLLUX_MAX_HELD_BY_USER", 1, _MANY)

    def shown_limits(self) -> dict[str, str]:
        """Return the limits by variable."""
        return {str(field.validation_alias): str(getattr(self, name)) for name, field in Limits.model_fields.items()}


ALLOWED = {
    str(field.validation_alias): " to ".join(str(getattr(bound, "ge", getattr(bound, "le", None))) for bound in field.metadata)
    for field in Limits.model_fields.values()
}
