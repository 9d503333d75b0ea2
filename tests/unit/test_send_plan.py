"""Planning a batch of sends: a refused send fails alone and takes no number; the accepted are numbered in order."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import Mistake, MistakeCode, NotFound
from models.message import MessageRecord
from models.send_plan import LockedChannel, Send, plan_sends

ALICE, BOB, CAROL, STRANGER = 1, 2, 3, 9
CHANNEL = LockedChannel(
    channel_id=5,
    last_event=100,
    last_message=40,
    archived=False,
    visible_to_all=True,
    members=frozenset({ALICE, BOB, CAROL}),
    quoted={7: BOB},
    earlier={},
)
NOW_US = 1_700_000_000_000_000


def _send(content: str = "hi", author: int = ALICE, key: str | None = None, reply: int | None = None, *mentions: int) -> Send:
    return Send(CHANNEL.channel_id, author, content, key, reply, mentions)


def _plan(*sends: Send, channel: LockedChannel = CHANNEL) -> list[MessageRecord | Exception]:
    return plan_sends(channel, list(sends), NOW_US).outcomes


def _message(outcome: MessageRecord | Exception) -> MessageRecord:
    assert isinstance(outcome, MessageRecord)
    return outcome


def _code(outcome: MessageRecord | Exception) -> MistakeCode:
    assert isinstance(outcome, Mistake)
    return outcome.code


FIRST = _message(_plan(_send("first", key="k"))[0])
STORED = replace(CHANNEL, last_message=41, last_event=101, earlier={(ALICE, "k"): FIRST})


def test_an_accepted_send_is_stored_as_it_was_sent() -> None:
    plan = plan_sends(CHANNEL, [_send("hello", ALICE, "k", 7, BOB, CAROL)], NOW_US)
    expected = MessageRecord(5, 41, 101, ALICE, "hello", NOW_US, None, None, 7, "k", (BOB, CAROL))
    assert plan.outcomes == plan.new == [expected]


def test_messages_and_events_are_numbered_densely_from_the_head() -> None:
    outcomes = [
        _message(outcome) for outcome in _plan(*(_send(str(step), author) for step, author in enumerate((ALICE, BOB, ALICE))))
    ]
    assert [(m.seq, m.version, m.content) for m in outcomes] == [(41, 101, "0"), (42, 102, "1"), (43, 103, "2")]


def test_refused_sends_take_no_number() -> None:
    outcomes = _plan(
        _send(), _send(author=STRANGER), _send("x", BOB, None, 8), _send("x", BOB, None, None, STRANGER), _send(author=CAROL)
    )
    assert [_message(outcomes[place]).seq for place in (0, 4)] == [41, 42]
    assert [_code(outcome) for outcome in outcomes[1:4]] == [MistakeCode.NOT_A_MEMBER, MistakeCode.INVALID, MistakeCode.INVALID]


def test_an_empty_batch_does_nothing() -> None:
    plan = plan_sends(CHANNEL, [], NOW_US)
    assert (plan.outcomes, plan.new, plan.read_positions) == ([], [], {})


def test_a_repeat_of_a_stored_message_returns_it_and_writes_nothing() -> None:
    plan = plan_sends(STORED, [_send("first", key="k")], NOW_US + 1)
    assert plan.outcomes == [FIRST]
    assert (plan.new, plan.read_positions) == ([], {})


def test_repeats_within_a_batch_return_the_first() -> None:
    plan = plan_sends(CHANNEL, [_send("x", key="k"), _send("between"), _send("x", key="k"), _send("x", key="k")], NOW_US)
    assert [_message(outcome).seq for outcome in plan.outcomes] == [41, 42, 41, 41]
    assert [m.seq for m in plan.new] == [41, 42]


def test_a_key_is_its_authors_own() -> None:
    assert [_message(outcome).seq for outcome in _plan(_send("first", BOB, "k"), channel=STORED)] == [42]


def test_sends_without_a_key_are_never_repeats() -> None:
    assert [_message(outcome).seq for outcome in _plan(_send("x"), _send("x"))] == [41, 42]


@pytest.mark.parametrize("other", [_send("other", key="k"), _send("first", ALICE, "k", 7)], ids=["content", "reply"])
def test_a_key_used_for_another_message_is_a_conflict_and_takes_no_number(other: Send) -> None:
    conflict, following = _plan(other, _send("following"), channel=STORED)
    assert _code(conflict) is MistakeCode.CONFLICT
    assert _message(following).seq == 42


def test_a_conflict_within_a_batch_leaves_the_first_alone() -> None:
    first, conflict = _plan(_send("one", key="k"), _send("two", key="k"))
    assert _message(first).content == "one"
    assert _code(conflict) is MistakeCode.CONFLICT


@pytest.mark.parametrize("changed", [{"edited_us": NOW_US, "content": "edited"}, {"deleted_us": NOW_US, "content": ""}])
def test_a_repeat_of_a_message_that_was_changed_since_is_still_the_same_send(changed: dict[str, object]) -> None:
    now_different = FIRST._replace(**changed)  # type: ignore[arg-type]  # a table of fields
    channel = replace(STORED, earlier={(ALICE, "k"): now_different})
    assert _plan(_send("first", key="k"), channel=channel) == [now_different]


def test_an_archived_channel_refuses_its_members() -> None:
    assert _code(_plan(_send(), channel=replace(CHANNEL, archived=True))[0]) is MistakeCode.ARCHIVED


@pytest.mark.parametrize("archived", [False, True])
def test_who_may_not_see_the_channel_learns_nothing_of_it(archived: bool) -> None:
    hidden = replace(STORED, visible_to_all=False, archived=archived)
    (outcome,) = _plan(_send("first", STRANGER, "k", 7, STRANGER), channel=hidden)
    assert isinstance(outcome, NotFound)


@pytest.mark.parametrize("archived", [False, True])
def test_who_sees_the_channel_without_being_a_member_is_told_to_join(archived: bool) -> None:
    (outcome,) = _plan(_send(author=STRANGER), channel=replace(CHANNEL, archived=archived))
    assert _code(outcome) is MistakeCode.NOT_A_MEMBER


@pytest.mark.parametrize(
    ("send", "field"),
    [
        (_send("x", ALICE, None, 8), "replyToId"),
        (_send("x", ALICE, None, 41), "replyToId"),
        (_send("x", ALICE, None, None, BOB, STRANGER), "mentionIds"),
    ],
    ids=["foreign reply", "reply to a message that is not stored yet", "mention of who is no member"],
)
def test_a_send_that_points_outside_the_channel_is_refused_by_field(send: Send, field: str) -> None:
    (outcome,) = _plan(send)
    assert isinstance(outcome, Mistake)
    assert (outcome.code, outcome.field) == (MistakeCode.INVALID, ["input", field])


def test_sending_reads_the_channel_up_to_ones_own_last_message() -> None:
    plan = plan_sends(CHANNEL, [_send(author=ALICE), _send(author=BOB), _send(author=ALICE), _send(author=STRANGER)], NOW_US)
    assert plan.read_positions == {ALICE: 43, BOB: 42}


SENDS = st.builds(
    _send,
    st.sampled_from(["first", "second"]),
    st.sampled_from([ALICE, BOB, STRANGER]),
    st.sampled_from([None, "k", "other key"]),
    st.sampled_from([None, 7, 8]),
    st.sampled_from([BOB, CAROL, STRANGER]),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(SENDS, max_size=30), st.booleans(), st.booleans(), st.booleans())
def test_new_messages_are_numbered_on_from_the_head_whatever_the_mix(
    sends: list[Send], archived: bool, visible: bool, stored: bool
) -> None:
    channel = replace(STORED if stored else CHANNEL, archived=archived, visible_to_all=visible)
    plan = plan_sends(channel, sends, NOW_US)
    accepted = [outcome for outcome in plan.outcomes if isinstance(outcome, MessageRecord)]
    keys = [(m.author_id, m.client_message_id) for m in plan.new if m.client_message_id is not None]

    assert len(plan.outcomes) == len(sends)
    assert [m.seq for m in plan.new] == list(range(channel.last_message + 1, channel.last_message + 1 + len(plan.new)))
    assert [m.version for m in plan.new] == list(range(channel.last_event + 1, channel.last_event + 1 + len(plan.new)))
    assert list(dict.fromkeys(m for m in accepted if m != FIRST)) == plan.new
    assert len(keys) == len(set(keys))


def test_a_repeat_is_settled_though_the_channel_was_archived_or_a_mentioned_member_left_since() -> None:
    since = replace(CHANNEL, archived=True, members=frozenset({ALICE}), earlier={(ALICE, "k"): FIRST})
    assert _plan(_send("first", ALICE, "k", None, BOB), channel=since) == [FIRST]
