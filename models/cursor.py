"""Cursors: a place in one order, signed, so that it proves its channel or inbox, its epoch and its origin.

Rule: the same place under the same key is the same text, byte for byte (Relay caches compare cursors), and only
a genuine cursor says anything: a forged or foreign one is INVALID_CURSOR, one from before a restore also says `reset`.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import Enum

from models.errors import InvalidCursor
from models.ids import bytes_of, read_varint, text_of, varint, varints

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
    FOUND_MESSAGES = b"f"
    FOUND_USERS = b"u"


@dataclass(frozen=True, slots=True)
class SigningKey:
    number: int
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CursorCodec:
    """Makes and reads the cursors of one database. The first key signs, all of them verify."""

    epoch_hex: str
    keys: tuple[SigningKey, ...]
    # What the cursors made here begin with.
    _beginnings: dict[CursorKind, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        key_and_epoch = varint(self.keys[0].number) + bytes.fromhex(self.epoch_hex) if self.keys else b""
        object.__setattr__(self, "_beginnings", {kind: kind.value + key_and_epoch for kind in CursorKind})

    def sealed(self, mark: bytes, body: bytes) -> str:
        """Return `body` signed as text, under the byte `mark` that tells what it is, for `opened`."""
        key = self.keys[0]
        whole = b"".join((mark, varint(key.number), bytes.fromhex(self.epoch_hex), body))
        return text_of(whole + _signature(key, whole))

    def opened(self, mark: bytes, text: str) -> tuple[str, bytes]:
        """Return the epoch and the body that `sealed` was given. Raises InvalidCursor for what was not sealed here."""
        try:
            raw = bytes_of(text)
            whole, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
            key, rest = self._key_of(whole)
        except (ValueError, IndexError):
            raise InvalidCursor from None
        if not hmac.compare_digest(_signature(key, whole), signature):
            raise InvalidCursor
        if whole[:1] != mark or text_of(raw) != text:
            raise InvalidCursor
        return rest[:_EPOCH_BYTES].hex(), rest[_EPOCH_BYTES:]

    def encode(self, kind: CursorKind, scope: int, *place: int) -> str:
        """Return the cursor of `place`, one or two non-negative numbers, in the order `kind` of `scope`."""
        body = self._beginnings[kind] + varints((scope, *place))
        return text_of(body + _signature(self.keys[0], body))

    def decode(self, kind: CursorKind, scope: int, text: str, *, numbers: int = 1) -> tuple[int, ...]:
        """Return the place `encode` was given.

        Raises InvalidCursor for anything not signed here for this kind and scope, with `reset` where only the epoch is old.
        """
        if len(text) > _LONGEST_TEXT:
            raise InvalidCursor
        try:
            raw = bytes_of(text)
            body, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
            beginning = self._beginnings[kind]
            if body.startswith(beginning):  # as nearly all do; the others are of another kind, key or epoch
                key, epoch_hex, rest = self.keys[0], self.epoch_hex, body[len(beginning) :]
            else:
                key, rest = self._key_of(body)
                epoch_hex, rest = rest[:_EPOCH_BYTES].hex(), rest[_EPOCH_BYTES:]
            if not hmac.compare_digest(_signature(key, body), signature):
                raise InvalidCursor
            found_scope, rest = read_varint(rest)
            place = []
            for _ in range(numbers):
                number, rest = read_varint(rest)
                place.append(number)
        except (ValueError, IndexError):
            raise InvalidCursor from None
        if body[:1] != kind.value or found_scope != scope or rest or text_of(raw) != text:
            raise InvalidCursor
        if epoch_hex != self.epoch_hex:
            raise InvalidCursor(reset=True)
        return tuple(place)

    def _key_of(self, body: bytes) -> tuple[SigningKey, bytes]:
        """Return the key that a cursor names, and what follows it. Raises InvalidCursor, ValueError, IndexError."""
        key_number, rest = read_varint(body[1:])
        key = next((key for key in self.keys if key.number == key_number), None)
        if key is None:
            raise InvalidCursor
        return key, rest


def _signature(key: SigningKey, body: bytes) -> bytes:
    return hashlib.blake2b(body, key=key.secret, digest_size=_SIGNATURE_BYTES).digest()
