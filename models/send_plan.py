"""What a batch of sends to one channel does, decided from what was read under the channel's lock. No I/O.

Rule: a refused send fails alone and takes no number; the accepted ones are numbered in the order they came.
"""

from dataclasses import dataclass, field

from models.errors import Mistake, MistakeCode, NotFound
from models.message import MessageRecord


@dataclass(frozen=True, slots=True)
class Send:
    """One message to be accepted. Content is already trimmed, bounded and storable."""

    channel_id: int
    author_id: int
    content: str
    client_message_id: str | None = None
    reply_to_seq: int | None = None
    mention_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LockedChannel:
    """What the batch knows of its channel while it holds the lock.

    `members` are those of the batch's authors, mentioned and quoted people who belong to it, `quoted` the authors of
    the messages replied to, by seq; `earlier` the messages already stored for the batch's client message ids.
    """

    channel_id: int
    last_event: int
    last_message: int
    archived: bool
    visible_to_all: bool
    members: frozenset[int]
    quoted: dict[int, int]
    earlier: dict[tuple[int, str], MessageRecord]


@dataclass(slots=True)
class SendPlan:
    """Outcomes in the order of the sends, and the rows to write. `repeats` and refusals write nothing."""

    outcomes: list[MessageRecord | Exception] = field(default_factory=list)
    new: list[MessageRecord] = field(default_factory=list)

    @property
    def read_positions(self) -> dict[int, int]:
        """The seq up to which each author has now read: their own last message."""
        return {message.author_id: message.seq for message in self.new}


def plan_sends(channel: LockedChannel, sends: list[Send], now_us: int) -> SendPlan:
    """Decide every send of a batch."""
    plan = SendPlan()
    earlier = dict(channel.earlier)
    for send in sends:
        # A repeat is settled before the rules that may have changed since the first was accepted.
        outcome = _stranger(channel, send) or _repeat(earlier, send) or _refusal(channel, send)
        if outcome is None:
            step = len(plan.new) + 1
            outcome = MessageRecord(
                channel_id=channel.channel_id,
                seq=channel.last_message + step,
                version=channel.last_event + step,
                author_id=send.author_id,
                content=send.content,
                created_us=now_us,
                edited_us=None,
                deleted_us=None,
                reply_to_seq=send.reply_to_seq,
                client_message_id=send.client_message_id,
                mention_ids=send.mention_ids,
            )
            plan.new.append(outcome)
            if send.client_message_id is not None:
                earlier[(send.author_id, send.client_message_id)] = outcome
        plan.outcomes.append(outcome)
    return plan


def _stranger(channel: LockedChannel, send: Send) -> Exception | None:
    if send.author_id in channel.members:
        return None
    if not channel.visible_to_all:
        return NotFound()
    return Mistake(MistakeCode.NOT_A_MEMBER, "Join the channel before you send to it.", ["input", "channelId"])


def _refusal(channel: LockedChannel, send: Send) -> Exception | None:
    if channel.archived:
        return Mistake(MistakeCode.ARCHIVED, "The channel is archived.", ["input", "channelId"])
    if send.reply_to_seq is not None and send.reply_to_seq not in channel.quoted:
        return Mistake(MistakeCode.INVALID, "replyToId is not a message of this channel.", ["input", "replyToId"])
    strangers = [user_id for user_id in send.mention_ids if user_id not in channel.members]
    if strangers:
        return Mistake(MistakeCode.INVALID, "mentionIds holds people who are not members.", ["input", "mentionIds"])
    return None


def _repeat(earlier: dict[tuple[int, str], MessageRecord], send: Send) -> MessageRecord | Exception | None:
    if send.client_message_id is None:
        return None
    first = earlier.get((send.author_id, send.client_message_id))
    if first is None:
        return None
    # An edited or deleted first message no longer shows what was sent; the key alone then says it is the same send.
    unchanged = first.edited_us is None and first.deleted_us is None
    if unchanged and (first.content, first.reply_to_seq) != (send.content, send.reply_to_seq):
        return Mistake(MistakeCode.CONFLICT, "This clientMessageId was used for another message.", ["input", "clientMessageId"])
    return first
