"""A run of recent messages: a range is whole or it is nothing, at most the newest 512, never older than its claim."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.recent import CAP, MAX_RUN_BYTES, _Run
from models.message import MessageRecord


def _message(seq: int, content: str = "hi") -> MessageRecord:
    return MessageRecord(5, seq, seq, 1, content, 0, None, None, None, None, ())


def _messages(first: int, last: int) -> list[MessageRecord]:
    return [_message(seq) for seq in range(first, last + 1)]


def _seqs(found: list[MessageRecord] | None) -> list[int] | None:
    return None if found is None else [message.seq for message in found]


def test_a_range_that_is_whole_is_returned_oldest_first() -> None:
    run = _Run(as_of=10)
    run.keep([_message(3), _message(1), _message(2)], as_of=10)
    assert _seqs(run.between(1, 3)) == [1, 2, 3]
    assert _seqs(run.between(2, 2)) == [2]


@pytest.mark.parametrize(("first", "last"), [(1, 4), (3, 5), (4, 4), (5, 9), (1, 100)])
def test_a_range_with_a_hole_is_nothing(first: int, last: int) -> None:
    run = _Run(as_of=10)
    run.keep([*_messages(1, 3), *_messages(6, 8)], as_of=10)
    assert run.between(first, last) is None


def test_an_empty_run_knows_nothing() -> None:
    assert _Run(as_of=0).between(1, 1) is None


@settings(deadline=None, max_examples=200)
@given(st.sets(st.integers(1, 30)), st.integers(1, 30), st.integers(0, 30))
def test_a_range_is_whole_or_nothing(kept: set[int], first: int, length: int) -> None:
    run = _Run(as_of=100)
    run.keep([_message(seq) for seq in kept], as_of=100)
    wanted = list(range(first, first + length))
    assert _seqs(run.between(first, first + length - 1)) == (wanted if kept.issuperset(wanted) else None)


def test_the_newest_are_kept_up_to_the_cap() -> None:
    run = _Run(as_of=0)
    run.keep(_messages(1, CAP), as_of=0)
    assert len(run.between(1, CAP) or ()) == CAP
    run.keep([_message(CAP + 1)], as_of=0)
    assert run.between(1, 1) is None
    assert len(run.between(2, CAP + 1) or ()) == CAP == len(run.messages)


def test_long_messages_push_out_the_oldest() -> None:
    run, long = _Run(as_of=0), "a" * (MAX_RUN_BYTES // 10)
    run.keep(_messages(1, 5), as_of=0)
    for seq in range(6, 31):
        run.keep([_message(seq, long)], as_of=0)
        assert run.size <= MAX_RUN_BYTES
    assert sorted(run.messages) == list(range(31 - len(run.messages), 31))
    assert 8 <= len(run.messages) <= 10


def test_the_size_is_that_of_what_is_kept() -> None:
    run = _Run(as_of=0)
    empty = run.size
    run.keep(_messages(1, 20), as_of=0)
    run.keep([_message(3, "longer than before"), _message(3)], as_of=0)
    assert run.size == empty + sum(message.size for message in run.messages.values())
    for seq in range(25):
        run.drop(seq)
    assert (run.size, run.messages) == (empty, {})


def test_a_message_counts_by_its_bytes() -> None:
    assert _message(1, "가" * 4_000).size - _message(1, "").size >= 8_000


def test_older_messages_do_not_push_out_newer_ones() -> None:
    run = _Run(as_of=0)
    run.keep(_messages(1001, 1000 + CAP), as_of=0)
    run.keep(_messages(1, 50), as_of=0)
    assert len(run.between(1001, 1000 + CAP) or ()) == CAP == len(run.messages)


@pytest.mark.parametrize(("as_of", "content"), [(9, "kept"), (10, "newer"), (11, "newer")])
def test_a_copy_older_than_the_runs_claim_is_refused(as_of: int, content: str) -> None:
    run = _Run(as_of=10)
    run.keep([_message(1, "kept")], as_of=10)
    run.keep([_message(1, "newer"), _message(2, "newer")], as_of=as_of)
    assert run.messages[1].content == content
    assert (2 in run.messages) == (content == "newer")


def test_keeping_a_newer_copy_does_not_renew_the_claim_for_the_others() -> None:
    run = _Run(as_of=10)
    run.keep([_message(1)], as_of=20)
    assert run.as_of == 10
