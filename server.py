"""Pollux: real-time chat and notifications over plain GraphQL polling. The door: `python server.py --help`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TypeVar

from app.logs import configure_logs
from app.settings import Settings, WrongSettings

T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, 1 where it failed, 2 where it was called wrongly."""
    options = _parser().parse_args(arguments)
    os.chdir(Path(__file__).parent)  # var/ and relative paths are the checkout's, wherever the command is given
    # An option is the variable of its name: worker processes inherit it too.
    os.environ.update({name.upper(): value for name, value in vars(options).items() if name in OVERRIDES and value})
    try:
        settings = Settings.load()
        configure_logs(settings.log_level, settings.log_format)
        command = COMMANDS[options.command or "serve"]
        return command(settings, options)
    except WrongSettings as error:
        print(error, file=sys.stderr)
        return 2


def _serve(settings: Settings, _options: argparse.Namespace) -> int:
    from app.embedded_valkey import UnsafeFolderError
    from app.serve import serve
    from app.supervisor import PortTaken
    from app.traces import check_traces
    from app.wiring import check_trusted_documents

    check_trusted_documents(settings)
    check_traces()
    try:
        _with_store(settings, serve(settings))
    except (PortTaken, UnsafeFolderError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _migrate(settings: Settings, _options: argparse.Namespace) -> int:
    from models.clock import wall_clock_us
    from models.migrate import migrate

    applied = _with_store(settings, migrate(settings.database_url, wall_clock_us()))
    print("\n".join(f"applied {name}" for name in applied) or "nothing to apply")
    return 0


def _bump_epoch(settings: Settings, _options: argparse.Namespace) -> int:
    from models.clock import wall_clock_us
    from models.database import Database
    from models.identity import bump_epoch
    from models.migrate import migrate

    async def bump() -> str:
        await migrate(settings.database_url, wall_clock_us())
        db = await Database.open(settings.database_url)
        try:
            return await bump_epoch(db)
        finally:
            await db.close()

    print(f"epoch {_with_store(settings, bump())} begins; clients start again at their next poll")
    return 0


def _with_store(settings: Settings, work: Coroutine[object, object, T]) -> T:
    """Run what needs the store. Ends the program with one line where the store does not answer."""
    from models.errors import Unavailable

    try:
        return asyncio.run(work)
    except Unavailable as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise SystemExit(f"DATABASE_URL={settings.database_url} does not answer: {reason}") from None
    except OSError as error:
        raise SystemExit(f"DATABASE_URL={settings.database_url} cannot be used: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _token(settings: Settings, options: argparse.Namespace) -> int:
    from app.wiring import tokens_of
    from models import ids

    if settings.secret is None:
        print("POLLUX_JWT_SECRET is not set; tokens come from the provider of POLLUX_JWKS_URL", file=sys.stderr)
        return 1
    print(tokens_of(settings).issue(options.subject, name=options.name, roles=options.role, lifetime_s=options.hours * 3600))
    print(
        "user id:",
        ids.encode(ids.UserId(ids.user_hash_hex(settings.jwt_issuer or "", options.subject))),
        file=sys.stderr,
    )
    return 0


def _export_schema(_settings: Settings, _options: argparse.Namespace) -> int:
    from schema.build import sdl

    print(sdl(), end="")
    return 0


def _check_config(settings: Settings, _options: argparse.Namespace) -> int:
    if settings.trusted_documents is not None:
        from app.wiring import check_trusted_documents

        check_trusted_documents(settings)
    for name, value in settings.shown().items():
        print(f"{name}={value}")
    return 0


COMMANDS = {
    "serve": _serve,
    "migrate": _migrate,
    "bump-epoch": _bump_epoch,
    "token": _token,
    "export-schema": _export_schema,
    "check-config": _check_config,
}
OVERRIDES = ("host", "port", "web_concurrency")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="server.py", description="Settings come from the environment; see README.md.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve (the default)")
    serve.add_argument("--host", help="address to listen on (HOST)")
    serve.add_argument("--port", help="port to listen on (PORT)")
    serve.add_argument("--workers", dest="web_concurrency", help="worker processes that share the port (WEB_CONCURRENCY)")
    commands.add_parser("migrate", help="apply migrations; safe when several start at once")
    commands.add_parser("bump-epoch", help="begin a new epoch after a restore: every client starts again")
    token = commands.add_parser("token", help="print a signed token for the configured secret")
    token.add_argument("subject", help="who it speaks for, such as alice")
    token.add_argument("--name", help="display name")
    token.add_argument("--role", action="append", default=[], help="role such as service or admin; may be repeated")
    token.add_argument("--hours", type=int, default=24, help="lifetime (24)")
    commands.add_parser("export-schema", help="print the SDL; the committed copy is schema/schema.graphql")
    commands.add_parser("check-config", help="print the effective settings, secrets hidden, and what is wrong with them")
    return parser


if __name__ == "__main__":
    sys.exit(main())
