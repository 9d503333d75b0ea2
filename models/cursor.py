"""Cursors: a place in one order, signed, so that it proves its channel or inbox, its epoch and its origin.

Rule: the same place under the same key is the same text, byte for byte (Relay caches compare cursors), and only
a genuine cursor says anything: a forged or foreign one is INVALID_CURSOR, one from before a restore also says `reset`.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from enum import Enum

from models.errors import InvalidCursor
from models.ids import read_varint, text_of, varint, varints

# 64 bits of proof: a forger would need some 2^63 requests, and gains a place that is then authorized like any other.
_SIGNATURE_BYTES = 8
_EPOCH_BYTES = 8
# Kind, key number, epoch, three 63-bit numbers and the signature stay below this.
_LONGEST_TEXT = 80


class CursorKind(Enum):
    """Which order a cursor is a place in; `scope` names the channel or user it belongs to."""

    MESSAGES = b"m"
    NOTIFICATIONS = b"n"
    CHANNELS = b"c"
    MEMBERS = b"r"
    SEARCH = b"s"
    AUDIT = b"a"


@dataclass(frozen=True, slots=True)
class SigningKey:
    number: int
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CursorCodec:
    """Makes and reads the cursors of one database. The first key signs, all of them verify."""

    epoch_hex: str
    keys: tuple[SigningKey, ...]

    def sealed(self, mark: bytes, body: bytes) -> str:
        """Return `body` signed as text, under the byte `mark` that tells what it is, for `opened`."""
        key = self.keys[0]
        whole = b"".join((mark, varint(key.number), bytes.fromhex(self.epoch_hex), body))
        return text_of(whole + _signature(key, whole))

    def opened(self, mark: bytes, text: str) -> tuple[str, bytes]:
        """Return the epoch and the body that `sealed` was given. Raises InvalidCursor for what was not sealed here."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            whole, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
            key_number, rest = read_varint(whole[1:])
        except (binascii.Error, ValueError, IndexError):
            raise InvalidCursor from None
        key = next((key for key in self.keys if key.number == key_number), None)
        if key is None or not hmac.compare_digest(_signature(key, whole), signature):
            raise InvalidCursor
        if whole[:1] != mark or text_of(raw) != text:
            raise InvalidCursor
        return rest[:_EPOCH_BYTES].hex(), rest[_EPOCH_BYTES:]

    def encode(self, kind: CursorKind, scope: int, *place: int) -> str:
        """Return the cursor of `place`, one or two non-negative numbers, in the order `kind` of `scope`."""
        key = self.keys[0]
        body = b"".join((kind.value, varint(key.number), bytes.fromhex(self.epoch_hex), varints((scope, *place))))
        return text_of(body + _signature(key, body))

    def decode(self, kind: CursorKind, scope: int, text: str, *, numbers: int = 1) -> tuple[int, ...]:
        """Return the place `encode` was given.

        Raises InvalidCursor for anything not signed here for this kind and scope, with `reset` where only the epoch is old.
        """
        if len(text) > _LONGEST_TEXT:
            raise InvalidCursor
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            body, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
            key_number, rest = read_varint(body[1:])
            key = next((key for key in self.keys if key.number == key_number), None)
            if key is None or not hmac.compare_digest(_signature(key, body), signature):
                raise InvalidCursor
            epoch, rest = rest[:_EPOCH_BYTES], rest[_EPOCH_BYTES:]
            found_scope, rest = read_varint(rest)
            place = []
            for _ in range(numbers):
                number, rest = read_varint(rest)
                place.append(number)
        except (binascii.Error, ValueError, IndexError):
            raise InvalidCursor from None
        if body[:1] != kind.value or found_scope != scope or rest or text_of(raw) != text:
            raise InvalidCursor
        if epoch.hex() != self.epoch_hex:
            raise InvalidCursor(reset=True)
        return tuple(place)


def _signature(key: SigningKey, body: bytes) -> bytes:
    return hashlib.blake2b(body, key=key.secret, digest_size=_SIGNATURE_BYTES).digest()
