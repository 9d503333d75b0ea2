"""Pollux: real-time chat and notifications over plain GraphQL polling. The door: `python server.py --help`."""

import argparse
import asyncio
import os
import signal
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


def _migrate(settings: Settings, options: argparse.Namespace) -> int:
    from models.clock import wall_clock_us
    from models.migrate import Patience, migrate

    patience = Patience(lock_s=options.lock_timeout, statement_s=options.statement_timeout, attempts=options.attempts)
    applied = _with_store(settings, migrate(settings.database_url, wall_clock_us(), patience=patience))
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


def _retention(settings: Settings, options: argparse.Namespace) -> int:
    from app.upkeep import apply_retention

    archive = Path(options.archive) if options.archive is not None else None
    work = apply_retention(settings.database_url, days=options.days, grace_s=options.grace, archive=archive)
    gone = _with_store(settings, work)
    print(f"{gone.events} events and {gone.entries} log entries older than {options.days:g} days are gone")
    return 0


def _export_user(settings: Settings, options: argparse.Namespace) -> int:
    from app.upkeep import export_user

    _with_store(settings, export_user(settings.database_url, _uid(settings, options), sys.stdout))
    return 0


def _erase_user(settings: Settings, options: argparse.Namespace) -> int:
    from app.upkeep import erase

    if not options.yes:
        print("nothing was done: this cannot be undone; export-user shows what would go; add --yes to go on", file=sys.stderr)
        return 2
    gone = _with_store(settings, erase(settings.database_url, _uid(settings, options)))
    print(
        f"erased {gone.messages} messages, {gone.reactions} reactions, {gone.memberships} memberships,"
        f" {gone.notifications} notifications; channels that another member owns now: {len(gone.inherited)}"
    )
    return 0


def _uid(settings: Settings, options: argparse.Namespace) -> str:
    from app.upkeep import uid_of
    from models.errors import BadUserInput, NotFound

    try:
        return uid_of(options.who, issuer=settings.jwt_issuer or "", is_id=options.id)
    except (BadUserInput, NotFound):
        raise SystemExit(f"{options.who} is not the id of a user") from None


def _with_store(settings: Settings, work: Coroutine[object, object, T]) -> T:
    """Run what needs the store. Ends the program with one line where the store does not answer."""
    from models.errors import NotFound, Unavailable
    from models.migrate import TablesInUse

    try:
        return asyncio.run(work)
    except NotFound:
        raise SystemExit("there is no such user") from None
    except TablesInUse as error:
        raise SystemExit(f"DATABASE_URL={settings.database_url}: {error.__doc__}") from None
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
    "retention": _retention,
    "export-user": _export_user,
    "erase-user": _erase_user,
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
    migrate = commands.add_parser("migrate", help="apply migrations; safe when several start at once and while others serve")
    migrate.add_argument("--lock-timeout", type=_amount, default=2, help="seconds to wait for a table, and others behind it (2)")
    migrate.add_argument("--statement-timeout", type=_amount, default=600, help="seconds that one statement may take (600)")
    migrate.add_argument("--attempts", type=int, default=20, help="how often to try where tables are in use (20)")
    commands.add_parser("bump-epoch", help="begin a new epoch after a restore: every client starts again")
    _add_upkeep(commands)
    token = commands.add_parser("token", help="print a signed token for the configured secret")
    token.add_argument("subject", help="who it speaks for, such as alice")
    token.add_argument("--name", help="display name")
    token.add_argument("--role", action="append", default=[], help="role such as service or admin; may be repeated")
    token.add_argument("--hours", type=int, default=24, help="lifetime (24)")
    commands.add_parser("export-schema", help="print the SDL; the committed copy is schema/schema.graphql")
    commands.add_parser("check-config", help="print the effective settings, secrets hidden, and what is wrong with them")
    return parser


def _add_upkeep(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    retention = commands.add_parser("retention", help="take out old events and log entries; clients further behind start again")
    retention.add_argument("--days", type=_amount, required=True, help="keep what is younger")
    retention.add_argument("--archive", help="append what goes to this file, as JSON lines")
    retention.add_argument("--grace", type=_amount, default=60, help="seconds between announcing and removing (60)")
    for name, text in (
        ("export-user", "print what is stored of a user, as JSON lines"),
        ("erase-user", "erase a user: their messages become tombstones, their name goes"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("who", help="the subject of their tokens, such as alice")
        command.add_argument("--id", action="store_true", help="WHO is the id of a user in the API")
        if name == "erase-user":
            command.add_argument("--yes", action="store_true", help="do it; it cannot be undone")


def _amount(text: str) -> float:
    """Return a number above nothing."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError
    return number


if __name__ == "__main__":
    # The first process of a container never hears of a signal that it does not handle.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main())
