"""The version of this code: equal where equal state gives equal bytes, so that processes may share what they encoded."""

from pathlib import Path

import orjson
from blake3 import blake3

ROOT = Path(__file__).parent.parent
# Whatever decides how a message is read and shown.
ROOMS = ("cache", "models", "resolvers", "schema")
_DIGEST_BYTES = 8


def code_version() -> str:
    """Return a digest of the source of what encodes, and of the library that writes JSON."""
    digest = blake3(orjson.__version__.encode())
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        source = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)} {len(source)}\n".encode() + source)
    return digest.hexdigest(_DIGEST_BYTES)
