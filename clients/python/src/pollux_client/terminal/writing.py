"""Writing to a terminal.

Rule: what people wrote is shown, never obeyed: signs that steer a terminal or turn text around are made visible.
"""

import json
import unicodedata
from dataclasses import asdict
from datetime import datetime

from pollux_client.records import Message

# Controls, halves of signs, and separators that end a line.
STEERING = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Embeddings, overrides and isolates of direction.
TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
INDENT = " " * 10


def write(line: str) -> None:
    """Write a line and let it be seen at once."""
    print(line, flush=True)


def harmless(text: str) -> str:
    """Return a text without controls and without signs of direction; a tab stays, and a line break goes on below."""
    shown = "".join(one if one in "\t\n" or _shows(one) else "\N{REPLACEMENT CHARACTER}" for one in text)
    return shown.replace("\n", f"\n{INDENT}")


def _shows(sign: str) -> bool:
    return unicodedata.category(sign) not in STEERING and unicodedata.bidirectional(sign) not in TURNING


def in_words(message: Message, *, what: str = "") -> str:
    """Return a message as a line: its time where this machine is, its author, what happened to it, and its content."""
    at = message.created_at.astimezone().strftime("%H:%M:%S")
    return f"{at}  {harmless(message.author.name)}{what}: {harmless(message.content)}"


def as_json(record: object, **more: object) -> str:
    """Return a record as one line of JSON, times in ISO 8601."""
    assert hasattr(record, "__dataclass_fields__")
    return json.dumps({**more, **asdict(record)}, default=_time, ensure_ascii=False)  # type: ignore[call-overload]  # a dataclass


def _time(value: object) -> str:
    assert isinstance(value, datetime)
    return value.isoformat()
