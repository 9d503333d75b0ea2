"""Judging a history: pure, without I/O, in time that grows with the history as sorting it does.

Rule: a violation is named only where no order of the unknown outcomes explains what was seen. The promises are 1 to 4
of CONTRACT.md, "Behaviour that clients may lean on".
"""

from tests.faults.history.freshness_checks import FreshnessChecks
from tests.faults.history.ledger import Ledger
from tests.faults.history.order_checks import OrderChecks
from tests.faults.history.records import History
from tests.faults.history.violations import Violations


def check(history: History) -> Violations:
    """Return every broken promise; an empty result over a history without audits would prove nothing, and is LOST."""
    found = Violations()
    ledger = Ledger.of(history)
    OrderChecks(ledger, found).check(history)
    FreshnessChecks(history, ledger, found).check()
    return found
