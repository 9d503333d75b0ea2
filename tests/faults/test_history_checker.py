"""The checker of histories: it lets a correct one pass, and names each kind of fault that is planted in it."""

import time
from collections.abc import Callable

import pytest

from tests.faults.history import sample
from tests.faults.history.checker import check
from tests.faults.history.records import Answer, Attempt, History, Kind, Outcome, Shown, Way
from tests.faults.history.sample import DEN, ROOM, changed, moved, named, page, sent, shown
from tests.faults.history.violations import Fault

SENDS = 20
LATER_S = 500.0


def _answer_of(history: History, client: str, seq: int) -> int:
    """Return the index of the answer that showed `seq` to `client`."""
    for index, answer in enumerate(history.answers):
        if answer.client == client and any(node.seq == seq for node in answer.nodes):
            return index
    raise LookupError(client, seq)


def _reshow(history: History, client: str, seq: int, change: Callable[[list[Shown], int], None]) -> None:
    """Change the nodes of the answer that showed `seq` to `client`; `change` gets them and the index of `seq`."""
    index = _answer_of(history, client, seq)
    nodes = list(history.answers[index].nodes)
    change(nodes, next(i for i, node in enumerate(nodes) if node.seq == seq))
    history.answers[index] = history.answers[index]._replace(nodes=tuple(nodes), end=nodes[-1].cursor)


def _look(client: str, seq: int, began_s: float, node: Shown) -> Answer:
    """Return an answer to who looked at the newest messages from `seq` on, with `seq` as `node`."""
    answer = page(client, seq, SENDS, began_s, head=SENDS, way=Way.NEWEST)
    return answer._replace(nodes=(node, *answer.nodes[1:]))


def _lost_from_the_store(history: History) -> None:
    history.attempts.append(sent(SENDS + 1, 9_000, 9_001))


def _skipped_by_one_reader(history: History) -> None:
    _reshow(history, "cy", 6, lambda nodes, at: nodes.__delitem__(at))


def _stored_twice(history: History) -> None:
    # The retry of 5 was stored again, as 21.
    twice = shown(SENDS + 1, content="text 5", key="key5")
    history.answers.append(_audit_with(history, twice))


def _audit_with(history: History, *more: Shown) -> Answer:
    audit = history.answers.pop()
    return audit._replace(nodes=(*audit.nodes, *more), end=more[-1].cursor)


def _shown_twice(history: History) -> None:
    answer = page("fay", 3, 8, LATER_S, head=SENDS)
    history.answers += [page("fay", 1, 4, LATER_S - 1, head=SENDS), answer._replace(after="cursor4")]


def _out_of_order(history: History) -> None:
    def swap(nodes: list[Shown], at: int) -> None:
        nodes[at - 1], nodes[at] = nodes[at], nodes[at - 1]

    _reshow(history, "cy", 7, swap)


def _different_order(history: History) -> None:
    def exchange(nodes: list[Shown], at: int) -> None:
        one, other = nodes[at], nodes[at + 1]
        nodes[at] = other._replace(seq=one.seq, cursor=one.cursor, version=one.version)
        nodes[at + 1] = one._replace(seq=other.seq, cursor=other.cursor, version=other.version)

    _reshow(history, "dan", 9, exchange)


def _never_attempted(history: History) -> None:
    history.answers.append(_audit_with(history, shown(SENDS + 1)))


def _refused_and_stored(history: History) -> None:
    history.attempts.append(sent(SENDS + 1, 9_000, 9_001, Outcome.REFUSED))
    history.answers.append(_audit_with(history, shown(SENDS + 1)))


def _words_nobody_wrote(history: History) -> None:
    history.answers.append(_look("eve", 5, LATER_S, shown(5, content="other words")))


def _stale_send(history: History) -> None:
    history.answers.append(page("gil", 1, SENDS - 1, LATER_S, head=SENDS - 1))


def _stale_edit(history: History) -> None:
    history.attempts.append(changed(Kind.EDIT, 5, shown(5, version=30, content="edited"), 400, 401))
    _audit_shows(history, shown(5, version=30, content="edited"))
    history.answers.append(_look("gil", 5, LATER_S, shown(5)))


def _stale_delete(history: History) -> None:
    gone = shown(5, version=30, content="", deleted=True)
    history.attempts += [changed(Kind.DELETE, 5, None, 400, 401, Outcome.UNKNOWN), changed(Kind.DELETE, 5, None, 402, 403)]
    _audit_shows(history, gone)
    history.answers.append(_look("gil", 5, LATER_S, shown(5)))


def _audit_shows(history: History, node: Shown) -> None:
    audit = history.answers.pop()
    nodes = [node if one.seq == node.seq else one for one in audit.nodes]
    history.answers.append(audit._replace(nodes=tuple(nodes)))


def _stale_name(history: History) -> None:
    history.attempts.append(named("Ann 1", 400, 401))
    history.answers[-1] = history.answers[-1]._replace(nodes=tuple(shown(n, author="Ann 1") for n in range(1, SENDS + 1)))
    history.answers.append(page("gil", 1, SENDS, LATER_S, head=SENDS))


def _stale_name_in_an_ack(history: History) -> None:
    history.attempts += [named("Ann 1", 9_000, 9_001), sent(SENDS + 1, 9_002, 9_003)]
    nodes = tuple(shown(n, author="Ann 1") for n in range(1, SENDS + 2))
    history.answers[-1] = history.answers[-1]._replace(nodes=nodes, end=nodes[-1].cursor)


def _maybe_called_ann_1(history: History, *, batch: int) -> None:
    history.attempts.append(named("Ann 1", 400, 401)._replace(outcome=Outcome.UNKNOWN))
    history.answers += [
        _look("gil", 5, 450, shown(5, author="Ann 1"))._replace(batch=batch),
        _look("gil", 5, LATER_S, shown(5))._replace(batch=batch),
    ]


def _name_goes_back(history: History) -> None:
    _maybe_called_ann_1(history, batch=0)


def _stale_leave(history: History) -> None:
    history.attempts += [moved(Kind.JOIN, "gil", ROOM, 400, 401), moved(Kind.LEAVE, "gil", ROOM, 402, 403)]
    history.answers.append(page("gil", 1, SENDS, LATER_S, head=SENDS)._replace(member=True))


def _stale_join(history: History) -> None:
    history.attempts.append(moved(Kind.JOIN, "gil", DEN, 400, 401))
    history.answers.append(page("gil", 1, 0, LATER_S, head=0)._replace(channel=DEN, visible=False, end=None))


def _leaked(history: History) -> None:
    history.attempts += [moved(Kind.JOIN, "gil", DEN, 400, 401), moved(Kind.LEAVE, "gil", DEN, 402, 403)]
    history.answers.append(page("gil", 1, 0, LATER_S, head=0)._replace(channel=DEN))


def _edit_undone(history: History) -> None:
    history.attempts.append(changed(Kind.EDIT, 5, None, 400, 401, Outcome.UNKNOWN))
    history.answers += [_look("gil", 5, 450, shown(5, version=30, content="changed")), _look("gil", 5, LATER_S, shown(5))]


def _head_goes_back(history: History) -> None:
    history.attempts[SENDS] = sent(SENDS, 10 * SENDS, 9_000)  # acknowledged late: nothing is stale before
    history.answers += [page("gil", 1, SENDS, 450, head=SENDS), page("gil", 15, SENDS - 1, LATER_S, head=19, way=Way.NEWEST)]


def _two_states_of_one_version(history: History) -> None:
    history.attempts.append(changed(Kind.EDIT, 5, None, 400, 401, Outcome.UNKNOWN))
    history.answers.append(_look("gil", 5, LATER_S, shown(5, content="changed")))


def _gap(history: History) -> None:
    # 21 was never given out.
    history.attempts.append(sent(SENDS + 2, 9_000, 9_001))
    history.answers.append(_audit_with(history, shown(SENDS + 2)))


def _retry_moved(history: History) -> None:
    again = sent(5, 60, 61)
    history.attempts.append(again._replace(shown=shown(9, content="text 5", key="key5")))


def _wrong_place(history: History) -> None:
    # 19 was begun when 20 was acknowledged.
    history.attempts[SENDS - 1] = sent(SENDS - 1, 10 * SENDS + 2, 10 * SENDS + 3)
    history.attempts[SENDS] = sent(SENDS, 10 * SENDS - 10, 10 * SENDS - 9)
    history.answers[:] = history.answers[-1:]


def _cursor_not_repeated(history: History) -> None:
    history.answers.append(page("gil", SENDS + 1, SENDS, LATER_S, head=SENDS)._replace(end="cursor3"))


PLANTED: list[tuple[Callable[[History], None], set[Fault]]] = [
    (_lost_from_the_store, {Fault.LOST, Fault.STALE}),
    (_skipped_by_one_reader, {Fault.LOST}),
    (_stored_twice, {Fault.DUPLICATED}),
    (_shown_twice, {Fault.DUPLICATED}),
    (_out_of_order, {Fault.OUT_OF_ORDER}),
    (_different_order, {Fault.DIFFERENT_ORDER}),
    (_never_attempted, {Fault.PHANTOM}),
    (_refused_and_stored, {Fault.PHANTOM}),
    (_words_nobody_wrote, {Fault.PHANTOM}),
    (_stale_send, {Fault.STALE}),
    (_stale_edit, {Fault.STALE}),
    (_stale_delete, {Fault.STALE}),
    (_stale_name, {Fault.STALE}),
    (_stale_name_in_an_ack, {Fault.STALE}),
    (_stale_leave, {Fault.STALE}),
    (_stale_join, {Fault.STALE}),
    (_leaked, {Fault.LEAKED}),
    (_edit_undone, {Fault.BACKWARD}),
    (_name_goes_back, {Fault.BACKWARD}),
    (_head_goes_back, {Fault.BACKWARD}),
    (_two_states_of_one_version, {Fault.MIXED}),
    (_gap, {Fault.GAP}),
    (_retry_moved, {Fault.RETRY_MOVED}),
    (_wrong_place, {Fault.WRONG_PLACE}),
    (_cursor_not_repeated, {Fault.CURSOR}),
]


def test_a_correct_history_has_no_violation() -> None:
    assert check(sample.correct_history(SENDS)).lines() == []


@pytest.mark.parametrize(("plant", "named_faults"), PLANTED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_fault_is_named_and_no_other(plant: Callable[[History], None], named_faults: set[Fault]) -> None:
    history = sample.correct_history(SENDS)
    plant(history)
    found = check(history)
    assert found.faults == named_faults, found.lines()


def test_every_kind_of_fault_is_planted() -> None:
    assert set().union(*(faults for _, faults in PLANTED)) == set(Fault)


def test_what_no_order_of_the_unknown_outcomes_forbids_is_let_pass() -> None:
    history = sample.correct_history(SENDS)
    # Begun before the acknowledgement, so it may show what was before; and an attempt without an answer may not be stored.
    history.answers.append(page("gil", 1, SENDS - 1, 10 * SENDS + 0.5, head=SENDS - 1))
    history.attempts.append(sent(SENDS + 1, 9_000, 9_001, Outcome.UNKNOWN))
    leaving: list[Attempt] = [moved(Kind.JOIN, "gil", DEN, 400, 401), moved(Kind.LEAVE, "gil", DEN, 402, LATER_S)]
    history.attempts += leaving
    history.answers.append(page("gil", 1, 0, 450, head=0)._replace(channel=DEN))
    assert check(history).lines() == []


def test_a_history_of_five_thousand_sends_is_checked_in_two_seconds() -> None:
    history = sample.correct_history(5_000)
    began_s = time.process_time()
    assert check(history).faults == set()
    assert time.process_time() - began_s < 2


def test_pages_given_together_may_call_somebody_what_they_were_called_at_different_moments() -> None:
    history = sample.correct_history(SENDS)
    _maybe_called_ann_1(history, batch=1)
    assert check(history).lines() == []
