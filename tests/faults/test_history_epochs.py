"""The checker where an epoch ends: cursors are new then, and what a database lost with its last moments is gone for everybody."""

from tests.faults.history import sample
from tests.faults.history.checker import check
from tests.faults.history.epochs import Loss, check_parts
from tests.faults.history.records import History, Outcome, Way
from tests.faults.history.sample import page, sent, shown
from tests.faults.history.violations import Fault

SENDS = 20


def test_a_place_has_a_cursor_in_each_epoch() -> None:
    history = sample.correct_history(SENDS)
    newest = page("gil", SENDS, SENDS, 500.0, head=SENDS, way=Way.NEWEST)
    history.answers.append(newest._replace(nodes=(shown(SENDS, cursor="another"),), end="another"))
    assert check(history).faults == {Fault.CURSOR}
    history.epochs = 2
    assert check(history).lines() == []


def test_what_was_shown_is_stored() -> None:
    history = sample.correct_history(SENDS)
    history.attempts.append(sent(SENDS + 1, 400, 401, Outcome.UNKNOWN))
    history.answers.append(page("gil", 1, SENDS + 1, 500.0, head=SENDS + 1))
    assert check(history).faults == {Fault.PHANTOM}


def _history_with_a_loss(*, kept_s: float) -> tuple[History, list[Loss]]:
    """Return a history whose sends from 16 on were made again after a loss, as others' at the places of those."""
    first, again = sample.correct_history(SENDS), sample.correct_history(15)
    rose_s = 10 * SENDS + 100
    first.answers = [one for one in first.answers if one.way is not Way.AUDIT]
    audit = again.answers[-1]._replace(began_s=rose_s + 900, ended_s=rose_s + 901)
    history = History([*first.attempts], [*first.answers, audit])
    return history, [Loss(kept_s, rose_s)]


def test_what_a_database_lost_with_its_last_moments_is_no_violation_and_what_it_kept_counts() -> None:
    history, losses = _history_with_a_loss(kept_s=10 * 15 + 5)
    assert check_parts(history, losses).lines() == []
    # Acknowledged before the standby was cut off, and gone all the same.
    history, losses = _history_with_a_loss(kept_s=10 * 17 + 5)
    assert check_parts(history, losses).faults == {Fault.LOST, Fault.STALE}


def test_a_ghost_of_what_was_lost_is_found() -> None:
    history, losses = _history_with_a_loss(kept_s=10 * 15 + 5)
    history.answers.insert(-1, page("gil", 1, SENDS, losses[0].rose_s + 10, head=SENDS))
    assert Fault.PHANTOM in check_parts(history, losses).faults
