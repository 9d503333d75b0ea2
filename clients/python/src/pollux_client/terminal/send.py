"""`send`: one message."""

import argparse
import asyncio
import sys
from uuid import uuid4

from pollux_client.errors import error_of
from pollux_client.protocol.failure import Kind
from pollux_client.provider import RealtimeProvider
from pollux_client.terminal.finding import find_channel
from pollux_client.terminal.writing import as_json, harmless, write


async def send(provider: RealtimeProvider, given: argparse.Namespace) -> int:
    """Send a message and write where it stands."""
    text = sys.stdin.read() if given.text == "-" else given.text
    key = given.key or uuid4().hex
    try:
        async with asyncio.timeout(given.timeout):
            channel = await find_channel(provider, given.channel)
            message = await provider.send(channel.id, text, client_message_id=key)
    except TimeoutError as error:
        said = f"not accepted within {given.timeout:g} s, and it is not known whether it arrived; --key {key} sends it once"
        raise error_of(said, code="NETWORK", kind=Kind.TRANSIENT) from error
    write(as_json(message) if given.json else f"sent to {harmless(channel.name)} as number {message.seq}")
    return 0
