"""What a client asks of sync, checked."""

from collections.abc import Sequence
from typing import NamedTuple

from models.errors import BadUserInput
from realtime.pacing import ClientActivity
from resolvers.message import channel_key

LARGEST_LIMIT = 500
DEFAULT_LIMIT = 100
MAX_NAMED = 200
# Of the contract; also less than what most proxies wait for an answer.
LONGEST_WAIT_MS = 30_000


class SyncRequest(NamedTuple):
    """What a client asks. `named` are the channels it is narrowed to, None for all; `activity` None as in the header."""

    token: str | None
    named: tuple[int, ...] | None
    limit: int
    activity: ClientActivity | None
    wait_ms: int = 0


def sync_request(
    token: str | None,
    channel_ids: Sequence[str] | None,
    wait_ms: int | None,
    limit: int | None,
    activity: ClientActivity | None,
) -> SyncRequest:
    """Return what a client asks; what is too large is cut to the largest there is. Raises BadUserInput."""
    size = DEFAULT_LIMIT if limit is None else limit
    if size < 0:
        raise BadUserInput(f"limit is {size}; at least 0 is needed.")
    if wait_ms is not None and wait_ms < 0:
        raise BadUserInput(f"waitMs is {wait_ms}; at least 0 is needed.")
    if channel_ids is not None and len(channel_ids) > MAX_NAMED:
        raise BadUserInput(f"At most {MAX_NAMED} channelIds at once.")
    named = None if channel_ids is None else tuple(dict.fromkeys(channel_key(one) for one in channel_ids))
    return SyncRequest(token, named, min(size, LARGEST_LIMIT), activity, min(wait_ms or 0, LONGEST_WAIT_MS))
