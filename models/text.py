"""Text as clients send it: what may be stored at all, and how long it may be.

The characters of words that people write are those that they see, the extended grapheme clusters of UAX #29: an emoji of a
family is one, and so is a Korean syllable in three parts, as macOS writes it. Of names, which have columns, and of keys they
are code points.

Rule: nothing that PostgreSQL, SQLite or JSON would refuse or change gets past here, so a stored text is the sent text.
"""

import regex

from models.errors import BadUserInput, Mistake, MistakeCode

LONGEST_KEY = 64
LONGEST_SEARCH = 100
# The longest code point in UTF-8. So whatever has few enough code points has few enough bytes.
BYTES_A_CHARACTER = 4
_GRAPHEME = regex.compile(r"\X")
# Of many in a row, each is looked at with all before it, unless they are taken together.
_FLAG = regex.compile("[\U0001f1e6-\U0001f1ff]{2}")


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
    trimmed = _trimmed(text, field, required=required)
    if len(trimmed) > longest:
        raise Mistake(MistakeCode.TOO_LONG, f"{field} has {len(trimmed)} characters; {longest} are allowed.", ["input", field])
    return trimmed


def written(text: str, *, longest: int, field: str) -> str:
    """Return `text` without the white space around it, 1 to `longest` characters as people count them.

    It has at most BYTES_A_CHARACTER times as many bytes. Raises Mistake BLANK or TOO_LONG naming input.`field`, BadUserInput for
    what cannot be stored.
    """
    trimmed = _trimmed(text, field, required=True)
    if len(trimmed) <= longest:
        return trimmed
    size, most_bytes = len(trimmed.encode()), BYTES_A_CHARACTER * longest
    if size > most_bytes:
        raise Mistake(MistakeCode.TOO_LONG, f"{field} has {size} bytes in UTF-8; {most_bytes} are allowed.", ["input", field])
    count = graphemes(trimmed)
    if count > longest:
        raise Mistake(MistakeCode.TOO_LONG, f"{field} has {count} characters; {longest} are allowed.", ["input", field])
    return trimmed


def graphemes(text: str) -> int:
    """Return how many characters people see in a text."""
    return sum(1 for _ in _GRAPHEME.finditer(_FLAG.sub("x", text)))


def client_key(key: str | None, field: str) -> str | None:
    """Return an idempotency key of 1 to 64 characters as sent, or None. Raises Mistake BLANK or TOO_LONG."""
    if key is None:
        return None
    if not storable(key, field).strip():
        raise Mistake(MistakeCode.BLANK, f"{field} is blank.", ["input", field])
    if len(key) > LONGEST_KEY:
        raise Mistake(MistakeCode.TOO_LONG, f"{field} has {len(key)} characters; {LONGEST_KEY} are allowed.", ["input", field])
    return key


def _trimmed(text: str, field: str, *, required: bool) -> str:
    trimmed = storable(text, field).strip()
    if required and not trimmed:
        raise Mistake(MistakeCode.BLANK, f"{field} is blank.", ["input", field])
    return trimmed


def searched(text: str, argument: str) -> str:
    """Return what is looked for, without the white space around it. Raises BadUserInput unless it has 1 to 100 characters."""
    trimmed = storable(text, argument).strip()
    if not trimmed:
        raise BadUserInput(f"{argument} is blank.")
    if len(trimmed) > LONGEST_SEARCH:
        raise BadUserInput(f"{argument} has {len(trimmed)} characters; {LONGEST_SEARCH} are allowed.")
    return trimmed
