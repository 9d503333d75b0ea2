"""Histories of a database that lost what it had acknowledged last, as when a standby that lagged takes over.

Rule: from then on nothing of what is gone counts, and nothing of it may be shown. Each part is judged by itself: between two
losses every promise holds, and what was acknowledged before the standby was cut off holds in all later parts.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from tests.faults.history.checker import check
from tests.faults.history.records import STORE, Answer, Attempt, History, Kind, Outcome
from tests.faults.history.violations import Violations

FOREVER_S = float("inf")


class Loss(NamedTuple):
    """What was acknowledged until `kept_s` is kept; the other database answers from `rose_s` on, and none just before."""

    kept_s: float
    rose_s: float


def check_parts(history: History, losses: Sequence[Loss]) -> Violations:
    """Return every promise broken in a part between two losses."""
    found = Violations()
    for part in parts(history, losses):
        found.include(check(part))
    return found


def parts(history: History, losses: Sequence[Loss]) -> list[History]:
    """Return what happened before the first loss, between each two, and after the last, which alone was audited."""
    rises = [0.0, *(loss.rose_s for loss in losses), FOREVER_S]
    return [
        History(
            [_in_part(one, begins_s, ends_s, losses[:number]) for one in history.attempts if one.began_s < ends_s],
            [answer for one in history.answers if (answer := _since(one, begins_s)).began_s >= begins_s and one.ended_s < ends_s],
            private=history.private,
            audited=ends_s == FOREVER_S,
        )
        for number, (begins_s, ends_s) in enumerate(pairwise(rises))
    ]


def gone(history: History) -> int:
    """Return how many acknowledged messages the database does not hold in the end."""
    stored = {(audit.channel, node.key) for audit in history.answers if audit.who == STORE for node in audit.nodes}
    sends = (one for one in history.attempts if one.kind is Kind.SEND and one.outcome is Outcome.ACKED)
    return len({(one.channel, one.key) for one in sends} - stored)


def _since(answer: Answer, begins_s: float) -> Answer:
    """Return an answer as asked for in the part it came in, where all that is known is that it was not asked for earlier."""
    return answer._replace(began_s=max(answer.began_s, begins_s)) if answer.batch and answer.ended_s >= begins_s else answer


def _in_part(attempt: Attempt, begins_s: float, ends_s: float, before: Sequence[Loss]) -> Attempt:
    """Return an attempt as it counts in a part: what may be gone, or was not answered in time, may have done anything."""
    kept = attempt.began_s >= begins_s or all(attempt.ended_s <= loss.kept_s for loss in before)
    if attempt.outcome is Outcome.REFUSED or (kept and attempt.ended_s < ends_s):
        return attempt
    return attempt._replace(outcome=Outcome.UNKNOWN, shown=None)
