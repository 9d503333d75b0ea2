"""Sync tokens: how far one viewer's client is, in every channel and in their log, as one signed text.

Rule: a token says exactly what its client was given, never more. It belongs to one viewer and one epoch; of 200 channels
it takes at most 4 KiB: what does not fit is left to `Rest`, which can tell that something changed, but not what.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Self

from models.cursor import CursorCodec
from models.errors import InvalidCursor
from models.ids import varints

MAX_PLACES = 200
LONGEST_TEXT = 4096
# Beside the kinds of cursors (models/cursor.py).
_MARK = b"y"
_DIGEST_BYTES = 6
_BUCKETS = 64


class SyncResetReason(Enum):
    """Why a token could not be continued."""

    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105  # a reason, no secret
    TOKEN_INVALID = "TOKEN_INVALID"  # noqa: S105  # as above
    HISTORY_REWRITTEN = "HISTORY_REWRITTEN"


class Unusable(Exception):
    """A token cannot be continued."""

    def __init__(self, reason: SyncResetReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Place(NamedTuple):
    """How far a channel is covered: all events up to `event`, and the read position `read`, None for who is no member.

    With a `ceiling`, the client was too far behind: it gets changes of messages up to that seq, and then the newest.
    """

    event: int
    read: int | None
    ceiling: int | None = None


class PulseMark(NamedTuple):
    """What ViewerPulse gave when everything was covered: while it gives that again, nothing is new."""

    channels: int
    events: int
    weight: int


class Rest:
    """Channels beyond those a token names: sums over buckets of them, equal while nothing in a bucket changed.

    A sum of 48 bits a bucket, each addend a hash of a channel's id and place, so that an equal sum is no coincidence.
    """

    def __init__(self, sums: Mapping[int, int] | None = None) -> None:
        self.sums = dict(sums or {})

    @staticmethod
    def bucket(channel_id: int) -> int:
        """Return which bucket a channel is in."""
        return channel_id % _BUCKETS

    @classmethod
    def of(cls, places: Mapping[int, Place]) -> Self:
        """Return the rest that consists of these channels."""
        rest = cls()
        for channel_id, place in places.items():
            rest.add(channel_id, place)
        return rest

    def add(self, channel_id: int, place: Place) -> None:
        """Count a channel in, as far as it is covered."""
        digest = hashlib.blake2b(repr((channel_id, *place)).encode(), digest_size=_DIGEST_BYTES).digest()
        bucket = self.bucket(channel_id)
        self.sums[bucket] = (self.sums.get(bucket, 0) + int.from_bytes(digest, "big")) % (1 << 8 * _DIGEST_BYTES)

    def same_buckets(self, other: Self) -> set[int]:
        """Return the buckets that are equal in both."""
        return {bucket for bucket in range(_BUCKETS) if self.sums.get(bucket, 0) == other.sums.get(bucket, 0)}


@dataclass(slots=True)
class SyncState:
    """What a token holds. `log` is covered up to that entry, of the next one notifications numbered up to `within`.

    `turn` is the channel that had its turn last. `rest` is None until the channels that are not named were given.
    """

    log: int | None = None
    within: int = 0
    turn: int = 0
    mark: PulseMark | None = None
    rest: Rest | None = None
    places: dict[int, Place] = field(default_factory=dict)


class SyncToken(NamedTuple):
    """A genuine token of this viewer and epoch; reading its places takes longer than reading its head."""

    text: str
    epoch_hex: str
    log: int
    mark: PulseMark | None
    body: bytes

    def state(self) -> SyncState:
        """Return all that the token holds."""
        return _state(_Reader(self.body))


def encode(cursors: CursorCodec, viewer_id: int, state: SyncState) -> str:
    """Return the token of a state, whose `log` must be known; equal states give equal texts."""
    assert state.log is not None
    mark = state.mark
    numbers = [viewer_id, state.log, state.within, state.turn, *((1, *mark) if mark is not None else (0,)), len(state.places)]
    previous = 0
    waiting: list[int] = []
    for index, (channel_id, place) in enumerate(sorted(state.places.items())):
        numbers += (channel_id - previous, place.event, _read_code(place))
        previous = channel_id
        if place.ceiling is not None:
            waiting += (index, place.ceiling)
    numbers += (len(waiting) // 2, *waiting)
    return cursors.sealed(_MARK, varints(numbers) + _rest_bytes(state.rest))


def open_token(cursors: CursorCodec, viewer_id: int, text: str) -> SyncToken:
    """Return a genuine token of this viewer and epoch. Raises Unusable."""
    if len(text) > LONGEST_TEXT:
        raise Unusable(SyncResetReason.TOKEN_INVALID)
    try:
        epoch_hex, body = cursors.opened(_MARK, text)
    except (InvalidCursor, UnicodeEncodeError):
        raise Unusable(SyncResetReason.TOKEN_INVALID) from None
    reader = _Reader(body)
    if reader.number() != viewer_id:
        raise Unusable(SyncResetReason.TOKEN_INVALID)
    if epoch_hex != cursors.epoch_hex:
        raise Unusable(SyncResetReason.HISTORY_REWRITTEN)
    log, within, _turn, mark = reader.number(), reader.number(), reader.number(), _mark(reader)
    return SyncToken(text, epoch_hex, log, mark if not within else None, body)


def shortened(cursors: CursorCodec, viewer_id: int, state: SyncState, rank: Callable[[], list[int]]) -> str:
    """Return a token that is short enough; what it cannot name is counted into the rest, the last of `rank` first.

    The state is changed accordingly.
    """
    ranked: list[int] | None = None
    while True:
        text = encode(cursors, viewer_id, state) if len(state.places) <= MAX_PLACES else ""
        if text and len(text) <= LONGEST_TEXT:
            return text
        if ranked is None:
            ranked = rank()
        keep = MAX_PLACES if len(ranked) > MAX_PLACES else len(ranked) - 10
        for channel_id in ranked[keep:]:
            place = state.places.pop(channel_id)
            # A channel that is only watched is forgotten, and new when it is named again.
            if place.read is not None:
                state.rest = state.rest or Rest()
                state.rest.add(channel_id, place)
        del ranked[keep:]


def _read_code(place: Place) -> int:
    """Return the read position as a small number: its distance from the event, with its sign; 0 for none."""
    if place.read is None:
        return 0
    distance = place.event - place.read
    return 1 + (2 * distance if distance >= 0 else -2 * distance - 1)


def _read_of(event: int, code: int) -> int | None:
    if code == 0:
        return None
    half, negative = divmod(code - 1, 2)
    return event + half + 1 if negative else event - half


def _rest_bytes(rest: Rest | None) -> bytes:
    if rest is None:
        return b"\0"
    return b"\1" + b"".join(rest.sums.get(bucket, 0).to_bytes(_DIGEST_BYTES, "big") for bucket in range(_BUCKETS))


class _Reader:
    """Reads numbers one after another; what it reads was signed, so it is whole."""

    __slots__ = ("_at", "_raw")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def number(self) -> int:
        """Return the next varint."""
        raw, at = self._raw, self._at
        group = raw[at]
        number, shift = group & 0x7F, 0
        while group > 0x7F:
            at, shift = at + 1, shift + 7
            group = raw[at]
            number |= (group & 0x7F) << shift
        self._at = at + 1
        return number

    def fixed(self, length: int) -> int:
        """Return the next number of a fixed length."""
        self._at += length
        return int.from_bytes(self._raw[self._at - length : self._at], "big")


def _state(reader: _Reader) -> SyncState:
    number = reader.number
    number()  # the viewer, whom open_token has checked
    state = SyncState(log=number(), within=number(), turn=number(), mark=_mark(reader))
    channel_ids = []
    channel_id = 0
    for _ in range(number()):
        channel_id += number()
        event = number()
        channel_ids.append(channel_id)
        state.places[channel_id] = Place(event, _read_of(event, number()))
    for _ in range(number()):
        waiting = channel_ids[number()]
        state.places[waiting] = state.places[waiting]._replace(ceiling=number())
    if reader.fixed(1):
        state.rest = Rest({bucket: reader.fixed(_DIGEST_BYTES) for bucket in range(_BUCKETS)})
    return state


def _mark(reader: _Reader) -> PulseMark | None:
    return PulseMark(reader.number(), reader.number(), reader.number()) if reader.number() else None
