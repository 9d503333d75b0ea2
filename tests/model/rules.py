"""The rules that keep the protocol of protocols.py right, and what each stands for in the code.

Rule: a rule that is False is one mistake, and nothing else about the protocol differs.
"""

from dataclasses import dataclass

NEVER_COMMITTED = 1000  # added to the number of an event whose transaction rolls back


@dataclass(frozen=True, slots=True)
class Rules:
    """What keeps the protocol right; each False is one mistake."""

    head_of_this_poll: bool = True  # ReadIndex: no head is kept for the polls of a while
    head_before_content: bool = True  # copies are as of the head they were read under, not of one read after them
    claim: bool = True  # _Run.keep refuses what is older than the run's as_of
    drop_changed: bool = True  # _current_run drops what the events between name
    redis_by_last_change: bool = True  # _from_redis refuses copies older than the head's last_change
    redis_dense: bool = True  # _from_redis refuses a range with a hole
    flight_of_this_head: bool = True  # the key of SingleFlight holds the head's last event
    note_after_commit: bool = True  # sent() is called after the commit
