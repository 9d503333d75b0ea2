"""The command: its arguments, and one line for whatever goes wrong."""

import argparse
import asyncio
import contextlib
import io
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence

from pollux_client.documents import manifest
from pollux_client.errors import PolluxError, Refused, Unauthenticated
from pollux_client.factory import SETTING, create_realtime_provider
from pollux_client.protocol.actions import Transport
from pollux_client.provider import RealtimeProvider
from pollux_client.terminal.send import send
from pollux_client.terminal.tail import tail

DEFAULT_URL = "http://127.0.0.1:8000/graphql"
SEND_TIMEOUT_S = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0, 1 for what went wrong, 2 for wrong arguments."""
    given = _parser().parse_args(arguments)
    if given.command == "documents":
        print(json.dumps(manifest(), indent=1))
        return 0
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a sign shows a question mark
    token = given.token or os.environ.get("POLLUX_TOKEN")
    if not token:
        return _fail("no token: set POLLUX_TOKEN, or give --token (others on this machine may then see it)", status=2)
    try:
        return asyncio.run(_run(given, token))
    except KeyboardInterrupt:
        return 0 if given.command == "tail" else 130
    except BrokenPipeError:
        # Who reads the output has gone; nothing is left to flush to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ValueError as error:
        return _fail(str(error), status=2)
    except PolluxError as error:
        return _fail(_said(error))


async def _run(given: argparse.Namespace, token: str) -> int:
    task = asyncio.current_task()
    assert task is not None
    with contextlib.suppress(NotImplementedError):  # where there are no signals
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    commands: dict[str, Callable[[RealtimeProvider, argparse.Namespace], Awaitable[int]]] = {"tail": tail, "send": send}
    try:
        async with create_realtime_provider(given.url, token=token, transport=given.transport) as provider:
            return await commands[given.command](provider, given)
    except asyncio.CancelledError:
        if task.cancelling() and given.command == "tail":
            return 0
        raise


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("channel", metavar="CHANNEL", help="its id, or its name, with or without #")
    url = os.environ.get("POLLUX_URL", DEFAULT_URL)
    shared.add_argument("--url", default=url, help="of the server; default: POLLUX_URL, else %(default)s")
    shared.add_argument("--token", help="who asks; default: POLLUX_TOKEN, which others on this machine cannot see")
    shared.add_argument("--json", action="store_true", help="a JSON object a line")
    parser = argparse.ArgumentParser(prog="pollux-client", description="Talk in a channel of a Pollux server.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    follow = commands.add_parser("tail", parents=[shared], help="show the newest messages, then each new one, until Ctrl-C")
    allowed = [one.value for one in Transport]
    follow.add_argument("--transport", choices=allowed, help=f"default: {SETTING}, else {Transport.POLLING.value}")
    commands.add_parser("documents", help="print what this client asks, as a server takes the documents that it trusts")
    write = commands.add_parser("send", parents=[shared], help="send a message")
    write.add_argument("text", metavar="TEXT", help="what to say; - reads it from the input")
    write.add_argument("--key", help="sent again with the same key, a message is stored once; default: a new one")
    write.add_argument(
        "--timeout", type=float, default=SEND_TIMEOUT_S, metavar="SECONDS", help="how long to try; default: %(default)g"
    )
    write.set_defaults(transport=None)
    return parser


def _said(error: PolluxError) -> str:
    """Return an error in words for who typed the command."""
    if isinstance(error, Unauthenticated):
        reason = error.extensions.get("reason")
        return f"the server does not believe the token{f' ({reason})' if reason else ''}: {error}"
    if isinstance(error, Refused):
        return f"refused, {error.code}: {error}"
    return str(error) if error.code in ("NETWORK", "BAD_ANSWER", "NOT_FOUND") else f"{error.code}: {error}"


def _fail(said: str, *, status: int = 1) -> int:
    print(f"pollux-client: {said}", file=sys.stderr)
    return status
