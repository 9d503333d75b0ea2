"""Node ids: opaque, URL-safe names of everything a client can hold.

An id is base64url, without padding, of a kind byte and the row's keys as varints (a user's is the 16-byte hash below).
Rule: one thing has exactly one id. A text that does not decode to itself is BadUserInput, never "not found".
"""

import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

from models.errors import BadUserInput

USER_HASH_BYTES = 16
_LONGEST_TEXT = 64
# A 64-bit key takes at most ten 7-bit groups.
_LONGEST_VARINT_BYTES = 10


@dataclass(frozen=True, slots=True)
class UserId:
    hash_hex: str


@dataclass(frozen=True, slots=True)
class ChannelId:
    channel_id: int


@dataclass(frozen=True, slots=True)
class MessageId:
    channel_id: int
    seq: int


@dataclass(frozen=True, slots=True)
class MemberId:
    channel_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class NotificationId:
    user_id: int
    number: int


@dataclass(frozen=True, slots=True)
class InboxId:
    user_id: int


NodeId = UserId | ChannelId | MessageId | MemberId | NotificationId | InboxId


_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def user_hash_hex(issuer: str, subject: str) -> str:
    """Return the identity of a token's subject, so that a back end can address a user never seen."""
    return hashlib.sha256(f"{issuer}\x00{subject}".encode()).hexdigest()[: 2 * USER_HASH_BYTES]


# Ids of channels and people are in most answers; some 2 MiB of them.
@lru_cache(maxsize=8192)
def encode(node: NodeId) -> str:
    """Return the id a client holds for `node`."""
    match node:
        case UserId(hash_hex):
            return text_of(b"u" + bytes.fromhex(hash_hex))
        case ChannelId(channel_id):
            return of_channel(channel_id)
        case MessageId(channel_id, seq):
            return of_message(channel_id, seq)
        case MemberId(channel_id, user_id):
            return text_of(b"r" + varint(channel_id) + varint(user_id))
        case NotificationId(user_id, number):
            return text_of(b"n" + varint(user_id) + varint(number))
        case InboxId(user_id):
            return text_of(b"i" + varint(user_id))
        case _:
            assert_never(node)


@lru_cache(maxsize=8192)
def decode(text: str) -> NodeId:
    """Return what `text` names. Raises BadUserInput unless `encode` would give this very text."""
    try:
        raw = bytes_of(text) if len(text) <= _LONGEST_TEXT else b""
        node = _node(raw[:1], raw[1:])
        if node is not None and encode(node) == text:
            return node
    except (ValueError, IndexError):
        pass  # said below, with the other ways of being malformed
    raise BadUserInput("This is not an id of this API.")


def _node(kind: bytes, body: bytes) -> NodeId | None:
    if kind == b"u":
        return UserId(body.hex()) if len(body) == USER_HASH_BYTES else None
    first, rest = read_varint(body)
    if kind in (b"c", b"i"):
        return ChannelId(first) if kind == b"c" else InboxId(first)
    second, _ = read_varint(rest)
    match kind:
        case b"m":
            return MessageId(first, second)
        case b"r":
            return MemberId(first, second)
        case b"n":
            return NotificationId(first, second)
        case _:
            return None


@lru_cache(maxsize=8192)
def of_channel(channel_id: int) -> str:
    """Return the id a client holds for a channel."""
    return text_of(b"c" + varint(channel_id))


def of_message(channel_id: int, seq: int) -> str:
    """Return the id a client holds for a message."""
    return text_of(b"m" + varint(channel_id) + varint(seq))


def varint(number: int) -> bytes:
    """Return a non-negative number in 7-bit groups, lowest first (LEB128)."""
    return bytes((number,)) if number <= 0x7F else varints((number,))


def varints(numbers: Iterable[int]) -> bytes:
    """Return numbers one after another, each as `varint` writes it."""
    out = bytearray()
    for number in numbers:
        rest = number
        while rest > 0x7F:
            out.append(rest & 0x7F | 0x80)
            rest >>= 7
        out.append(rest)
    return bytes(out)


def read_varint(raw: bytes) -> tuple[int, bytes]:
    """Return the number at the start of `raw` and what follows. Raises ValueError past 63 bits, IndexError at the end."""
    number = 0
    for index in range(_LONGEST_VARINT_BYTES):
        number |= (raw[index] & 0x7F) << (7 * index)
        if raw[index] < 0x80:
            if number >= 1 << 63:
                raise ValueError("beyond the keys of a database")
            return number, raw[index + 1 :]
    raise ValueError("a number without end")


def text_of(raw: bytes) -> str:
    """Return bytes as URL-safe base64 without padding."""
    return binascii.b2a_base64(raw, newline=False).rstrip(b"=").translate(_URL_SAFE).decode()


def bytes_of(text: str) -> bytes:
    """Return the bytes that `text_of` was given; of any other text perhaps some bytes, whose text is another.

    Raises ValueError for what is no base64.
    """
    return binascii.a2b_base64(text.encode().translate(_FROM_URL_SAFE) + b"==")
