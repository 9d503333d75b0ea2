"""Cursors: the same place is the same text, and only a genuine cursor says anything, least of all `reset`."""

import base64
import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.cursor import CursorCodec, CursorKind, SigningKey
from models.errors import InvalidCursor

EPOCH, NEXT_EPOCH = "00112233445566ff", "ffeeddccbbaa9900"
FIRST = SigningKey(1, b"the first signing key of a test.")
SECOND = SigningKey(2, b"another signing key of a test...")
CODEC = CursorCodec(EPOCH, (FIRST,))
LARGEST = 2**63 - 1
NUMBERS = st.integers(min_value=0, max_value=LARGEST)
KINDS = st.sampled_from(CursorKind)
SIGNS = string.ascii_letters + string.digits + "-_"
RANDOM_BYTES = st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=").decode())


def _reset_of(codec: CursorCodec, text: str, *, kind: CursorKind = CursorKind.MESSAGES, scope: int = 7, numbers: int = 1) -> bool:
    """Return whether the refusal of `text` says `reset`."""
    with pytest.raises(InvalidCursor) as refusal:
        codec.decode(kind, scope, text, numbers=numbers)
    return refusal.value.reset


@settings(deadline=None, max_examples=200)
@given(KINDS, NUMBERS, st.lists(NUMBERS, min_size=1, max_size=2))
def test_a_cursor_returns_the_place_it_was_made_of(kind: CursorKind, scope: int, place: list[int]) -> None:
    text = CODEC.encode(kind, scope, *place)
    assert CODEC.decode(kind, scope, text, numbers=len(place)) == tuple(place)


@settings(deadline=None, max_examples=100)
@given(KINDS, NUMBERS, NUMBERS)
def test_the_same_place_is_the_same_text_in_every_process(kind: CursorKind, scope: int, seq: int) -> None:
    elsewhere = CursorCodec(EPOCH, (SigningKey(FIRST.number, bytes(FIRST.secret)),))
    assert CODEC.encode(kind, scope, seq) == elsewhere.encode(kind, scope, seq)


@settings(deadline=None, max_examples=100)
@given(KINDS, NUMBERS, NUMBERS)
def test_a_cursor_needs_no_escaping_in_a_url(kind: CursorKind, scope: int, seq: int) -> None:
    assert set(CODEC.encode(kind, scope, seq)) <= set(SIGNS)


@settings(deadline=None, max_examples=200)
@given(KINDS, KINDS, NUMBERS, NUMBERS, NUMBERS)
def test_a_cursor_of_another_order_or_scope_is_refused(
    kind: CursorKind, other_kind: CursorKind, scope: int, other_scope: int, seq: int
) -> None:
    assume((kind, scope) != (other_kind, other_scope))
    assert not _reset_of(CODEC, CODEC.encode(kind, scope, seq), kind=other_kind, scope=other_scope)


@pytest.mark.parametrize(("place", "numbers"), [((1,), 2), ((1, 2), 1), ((), 1), ((1, 2, 3), 2)])
def test_a_cursor_of_another_count_of_numbers_is_refused(place: tuple[int, ...], numbers: int) -> None:
    assert not _reset_of(CODEC, CODEC.encode(CursorKind.MESSAGES, 7, *place), numbers=numbers)


@pytest.mark.parametrize("position", range(len(CODEC.encode(CursorKind.MESSAGES, 7, 300))))
def test_a_cursor_with_any_sign_edited_is_refused(position: int) -> None:
    text = CODEC.encode(CursorKind.MESSAGES, 7, 300)
    for sign in set(SIGNS) - {text[position]}:
        assert not _reset_of(CODEC, text[:position] + sign + text[position + 1 :])


@pytest.mark.parametrize("length", range(len(CODEC.encode(CursorKind.MESSAGES, 7, 300))))
def test_a_cursor_cut_short_is_refused(length: int) -> None:
    assert not _reset_of(CODEC, CODEC.encode(CursorKind.MESSAGES, 7, 300)[:length])


@pytest.mark.parametrize("tail", ["=", "A", "AA", "AAAA", " ", "\n", "\x00", "\ud800", "é", "A" * 1_000_000])
def test_a_cursor_with_something_behind_it_is_refused(tail: str) -> None:
    assert not _reset_of(CODEC, CODEC.encode(CursorKind.MESSAGES, 7, 300) + tail)


def test_a_cursor_in_the_standard_alphabet_is_refused() -> None:
    texts = (CODEC.encode(CursorKind.MESSAGES, 7, seq) for seq in range(1000))
    text = next(text for text in texts if "-" in text and "_" in text)
    assert not _reset_of(CODEC, text.replace("-", "+").replace("_", "/"))


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.text(), st.text(alphabet=SIGNS, max_size=80), RANDOM_BYTES))
def test_random_text_is_refused(text: str) -> None:
    assert not _reset_of(CODEC, text)


@settings(deadline=None, max_examples=100)
@given(NUMBERS)
def test_a_cursor_from_before_a_restore_says_reset(seq: int) -> None:
    restored = CursorCodec(NEXT_EPOCH, (FIRST,))
    assert _reset_of(restored, CODEC.encode(CursorKind.MESSAGES, 7, seq))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(CODEC.encode(CursorKind.MESSAGES, 8, 3), id="of another channel"),
        pytest.param(CODEC.encode(CursorKind.NOTIFICATIONS, 7, 3), id="of another order"),
        pytest.param(CODEC.encode(CursorKind.MESSAGES, 7, 3, 4), id="of another shape"),
        pytest.param(CursorCodec(EPOCH, (SigningKey(1, b"a forger's key"),)).encode(CursorKind.MESSAGES, 7, 3), id="forged"),
    ],
)
def test_an_old_cursor_that_does_not_belong_here_says_no_reset(text: str) -> None:
    assert not _reset_of(CursorCodec(NEXT_EPOCH, (FIRST,)), text)


def test_a_second_key_still_verifies_while_the_first_signs() -> None:
    rotated = CursorCodec(EPOCH, (SECOND, FIRST))
    old = CODEC.encode(CursorKind.MESSAGES, 7, 3)
    new = rotated.encode(CursorKind.MESSAGES, 7, 3)
    assert rotated.decode(CursorKind.MESSAGES, 7, old) == rotated.decode(CursorKind.MESSAGES, 7, new) == (3,)
    assert new == CursorCodec(EPOCH, (SECOND,)).encode(CursorKind.MESSAGES, 7, 3) != old


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param((SECOND,), id="retired"),
        pytest.param((SigningKey(FIRST.number, SECOND.secret),), id="of the same number"),
        pytest.param((), id="none at all"),
    ],
)
def test_a_cursor_of_an_unknown_key_is_refused(keys: tuple[SigningKey, ...]) -> None:
    text = CODEC.encode(CursorKind.MESSAGES, 7, 3)
    assert not _reset_of(CursorCodec(EPOCH, keys), text)


def test_no_key_shows_its_secret() -> None:
    for shown in (repr(FIRST), str(FIRST), repr(CODEC), str(CODEC)):
        assert "signing key" not in shown
        assert FIRST.secret.hex() not in shown
