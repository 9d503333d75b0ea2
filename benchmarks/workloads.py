"""What clients ask Pollux: polls of a channel in its middle (P1) and at its head (P2), of notifications (P3), and sends.

Hot is one channel and one viewer, spread is all of them at random.
"""

import random
from collections.abc import Callable, Sequence

from benchmarks.dataset import Dataset
from benchmarks.wrk import Kind, Plan

POLL = (
    "query Poll($channelId: ID!, $after: String) { messages(channelId: $channelId, after: $after, first: 50) {"
    " edges { cursor node { id seq content createdAt author { id name image } } }"
    " pageInfo { endCursor hasNextPage } activeUsers pollingInterval { milliseconds } } }"
)
UNREAD = (
    "query Unread { unreadNotifications(first: 20) { unreadCount edges { cursor node { id type title content link createdAt } }"
    " pageInfo { endCursor hasNextPage } } }"
)
SEND = (
    "mutation Send($input: SendMessageInput!) { sendMessage(input: $input) { message { id seq cursor createdAt }"
    " userErrors { code message } } }"
)
PAGE = 50
# Of a channel's cursors, spread polls use as many as give a full page behind each of a thousand messages.
CURSORS = 951
POLL_PREFIX = f'{{"query":"{POLL}","operationName":"Poll","variables":{{'


def p1_hot(data: Dataset) -> Plan:
    """One channel's middle, asked by one viewer."""
    middle = poll_tail(data, 1, data.size.messages // 2)
    return Plan((Kind("p1", POLL_PREFIX, [middle], data.tokens[:1]),))


def p1_spread(data: Dataset) -> Plan:
    """Any of a channel's cursors with a full page behind it, 951 of them in a larger channel, of any channel, by any viewer."""
    return Plan((_p1_spread(data),))


def p1_near_head(data: Dataset) -> Plan:
    """The 951 cursors nearest to the head with a full page behind them, of any channel, by any viewer."""
    first, last = max(1, data.size.messages - PAGE - CURSORS), max(1, data.size.messages - PAGE)
    seqs = range(first, last + 1)
    return Plan((Kind("p1", POLL_PREFIX, _tails(data, seqs), data.tokens),))


def p2_hot(data: Dataset) -> Plan:
    """One channel's head, asked by one viewer."""
    return Plan((Kind("p2", POLL_PREFIX, [poll_tail(data, 1, data.size.messages)], data.tokens[:1]),))


def p2_spread(data: Dataset) -> Plan:
    """Any channel's head, asked by any viewer."""
    return Plan((_p2_spread(data),))


def p3_hot(data: Dataset) -> Plan:
    """One viewer's unread notifications."""
    return Plan((_unread(data.tokens[:1]),))


def p3_spread(data: Dataset) -> Plan:
    """Any viewer's unread notifications."""
    return Plan((_unread(data.tokens),))


def sends(data: Dataset) -> Plan:
    """Messages to any channel by any viewer, each sent once."""
    return Plan((_sends(data),))


def mix(data: Dataset) -> Plan:
    """95 polls of a channel's head, 4 of its middle and a send in a hundred requests."""
    weighed = ((_p2_spread(data), 95), (_p1_spread(data), 4), (_sends(data), 1))
    return Plan(tuple(_weigh(kind, weight) for kind, weight in weighed))


READS: dict[str, Callable[[Dataset], Plan]] = {
    "P1 hot": p1_hot,
    "P1 spread": p1_spread,
    "P2 hot": p2_hot,
    "P2 spread": p2_spread,
    "P3 hot": p3_hot,
    "P3 spread": p3_spread,
}
# With the ETag of an earlier answer, where the server gives one.
CONDITIONAL: dict[str, Callable[[Dataset], Plan]] = {"P1 hot 304": p1_hot, "P2 hot 304": p2_hot}
# These change the database, so each run has a fresh one. The heads that `mix` polls were the heads when the run began.
WRITES: dict[str, Callable[[Dataset], Plan]] = {"sends": sends, "mix": mix}
ALL = {**READS, **CONDITIONAL, **WRITES}


def poll_tail(data: Dataset, channel: int, seq: int) -> str:
    """Return the end of a poll's body."""
    return f'"channelId":"{data.channel(channel)}","after":"{data.cursor(channel, seq)}"}}}}'


def _p1_spread(data: Dataset) -> Kind:
    full = range(1, max(2, data.size.messages - PAGE + 1))
    seqs = full if len(full) <= CURSORS else random.Random(1).sample(full, CURSORS)  # noqa: S311  # the same in every run
    return Kind("p1", POLL_PREFIX, _tails(data, seqs), data.tokens)


def _tails(data: Dataset, seqs: Sequence[int]) -> list[str]:
    """Return polls after any of the seqs in each channel, at most as many as 100 channels have."""
    each = max(1, min(len(seqs), 100 * CURSORS // data.size.channels))
    draw = random.Random(2)  # noqa: S311  # the same in every run
    return [poll_tail(data, channel, seq) for channel in range(1, data.size.channels + 1) for seq in draw.sample(seqs, each)]


def _p2_spread(data: Dataset) -> Kind:
    tails = [poll_tail(data, channel, data.size.messages) for channel in range(1, data.size.channels + 1)]
    return Kind("p2", POLL_PREFIX, tails, data.tokens)


def _unread(tokens: list[str]) -> Kind:
    return Kind("p3", f'{{"query":"{UNREAD}","operationName":"Unread","variables":{{', ["}}"], tokens)


def _sends(data: Dataset) -> Kind:
    content = "Words that somebody typed " * 4
    tails = [
        f'"input":{{"channelId":"{data.channel(channel)}","content":"{content.strip()}","clientMessageId":"'
        for channel in range(1, data.size.channels + 1)
    ]
    return Kind("send", f'{{"query":"{SEND}","operationName":"Send","variables":{{', tails, data.tokens, numbered=True)


def _weigh(kind: Kind, weight: int) -> Kind:
    return Kind(kind.name, kind.prefix, kind.tails, kind.tokens, weight, kind.numbered)
