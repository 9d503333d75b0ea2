"""Text as clients send it: what may be stored at all, and how long it may be.

Rule: nothing that PostgreSQL, SQLite or JSON would refuse or change gets past here, so a stored text is the sent text.
"""

from models.errors import BadUserInput, Mistake, MistakeCode

LONGEST_KEY = 64
LONGEST_SEARCH = 100


def storable(text: str, name: str) -> str:
    """Return `text` unchanged. Raises BadUserInput for NUL and lone surrogates, which no database stores."""
    if "\x00" in text:
        raise BadUserInput(f"{name} holds a NUL character.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadUserInput(f"{name} is not valid Unicode: it holds a lone surrogate.") from None
    return text


def bounded(text: str, *, longest: int, field: str, required: bool = True) -> str:
    """Return `text` without the white space around it, 1 to `longest` characters (0 where not required).

    Raises Mistake BLANK or TOO_LONG naming input.`field`, BadUserInput for what cannot be stored.
    """
    trimmed = storable(text, field).strip()
    if required and not trimmed:
        raise Mistake(MistakeCode.BLANK, f"{field} is blank.", ["input", field])
    if len(trimmed) > longest:
        raise Mistake(MistakeCode.TOO_LONG, f"{field} has {len(trimmed)} characters; {longest} are allowed.", ["input", field])
    return trimmed


def client_key(key: str | None, field: str) -> str | None:
    """Return an idempotency key of 1 to 64 characters as sent, or None. Raises Mistake BLANK or TOO_LONG."""
    if key is None:
        return None
    if not storable(key, field).strip():
        raise Mistake(MistakeCode.BLANK, f"{field} is blank.", ["input", field])
    if len(key) > LONGEST_KEY:
        raise Mistake(MistakeCode.TOO_LONG, f"{field} has {len(key)} characters; {LONGEST_KEY} are allowed.", ["input", field])
    return key


def searched(text: str, argument: str) -> str:
    """Return what is looked for, without the white space around it. Raises BadUserInput unless it has 1 to 100 characters."""
    trimmed = storable(text, argument).strip()
    if not trimmed:
        raise BadUserInput(f"{argument} is blank.")
    if len(trimmed) > LONGEST_SEARCH:
        raise BadUserInput(f"{argument} has {len(trimmed)} characters; {LONGEST_SEARCH} are allowed.")
    return trimmed
