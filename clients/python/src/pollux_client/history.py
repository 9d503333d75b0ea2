"""History: pages of a channel's messages, and what a gap left out."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pollux_client import reading
from pollux_client.documents import MESSAGES
from pollux_client.errors import error_of
from pollux_client.events import Gap
from pollux_client.http import Http
from pollux_client.protocol.failure import Kind
from pollux_client.records import Message, MessagePage

# The server's bound.
LARGEST_PAGE = 200


async def messages(http: Http, asked: Mapping[str, Any]) -> MessagePage:
    """Return a page. Raises PolluxError."""
    data = await http.execute(MESSAGES, asked)
    try:
        return reading.read(reading.message_page, data.get("messages"))
    except ValueError as error:
        raise error_of(str(error), code="BAD_ANSWER", kind=Kind.FINAL) from error


async def fill(http: Http, gap: Gap) -> AsyncIterator[Message]:
    """Yield the messages that a gap left out, oldest first. Raises PolluxError."""
    after = gap.after
    while True:
        asked = {"channelId": gap.channel_id, "first": LARGEST_PAGE, "after": after, "before": gap.before}
        page = await messages(http, asked)
        for message in page.messages:
            yield message
            if message.cursor == gap.until:
                return
        if not page.has_next_page or page.end_cursor == after:
            return
        after = page.end_cursor
