"""Topics: what a change is about, for those who wait for one: a channel, or a user's own log.

Rule: a topic says where something changed, never what. Whoever is woken by it reads the present heads.
"""

from collections.abc import Sequence
from typing import NamedTuple, NewType

Topic = NewType("Topic", str)

_CHANNEL, _USER = "c", "u"


class Topics(NamedTuple):
    """Topics by kind, as the ids that they name."""

    channel_ids: list[int]
    user_ids: list[int]


def of_channel(channel_id: int) -> Topic:
    """Return the topic of a channel, which has news with each event of it."""
    return Topic(f"{_CHANNEL}{channel_id}")


def of_user(user_id: int) -> Topic:
    """Return the topic of a user's log, which has news with each entry of it."""
    return Topic(f"{_USER}{user_id}")


def sorted_out(topics: Sequence[Topic]) -> Topics:
    """Return topics by their kind."""
    return Topics(*([int(topic[1:]) for topic in topics if topic[0] == kind] for kind in (_CHANNEL, _USER)))
