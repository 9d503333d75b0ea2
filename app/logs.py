"""Logs: one line a record on standard error, as text or as JSON."""

import logging
import sys
from typing import Literal

from pythonjsonlogger.json import JsonFormatter

TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
JSON_FIELDS = "%(asctime)s %(levelname)s %(name)s %(message)s %(process)d"


def configure_logs(level: Literal["debug", "info", "warning", "error"], form: Literal["text", "json"]) -> None:
    """Send the records of all loggers at `level` and above to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(JSON_FIELDS, rename_fields={"levelname": "level", "asctime": "time"}) if form == "json" else OneLine(TEXT)
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # At debug these tell every statement and its values, which are people's words.
    for chatty in ("tortoise", "asyncio", "aiosqlite"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class OneLine(logging.Formatter):
    """Text in which nothing that a record holds can fake another record or steer a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line; of what has more, an exception's trace, every further line is indented."""
        return "\n    ".join("".join(map(_printable, line)) for line in super().format(record).splitlines())

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the standard library's name
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")


def _printable(character: str) -> str:
    return character if character.isprintable() or character == "\t" else ascii(character)[1:-1]
