"""Sync tokens: they give back what they were made of, to their viewer alone, in 4 KiB."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cursor import CursorCodec, CursorKind, SigningKey
from models.sync_token import (
    LONGEST_TEXT,
    MAX_PLACES,
    Place,
    PulseMark,
    Rest,
    SyncResetReason,
    SyncState,
    Unusable,
    encode,
    open_token,
    shortened,
)

CODEC = CursorCodec("00112233445566ff", (SigningKey(1, b"the first signing key of a test."),))
LARGEST = 2**63 - 1
NUMBERS = st.integers(0, LARGEST)
SMALLER = st.integers(0, 2**61)
PLACES = st.builds(Place, SMALLER, st.none() | SMALLER, st.none() | NUMBERS)
STATES = st.builds(
    SyncState,
    log=NUMBERS,
    within=NUMBERS,
    turn=NUMBERS,
    mark=st.none() | st.builds(PulseMark, NUMBERS, NUMBERS, NUMBERS),
    rest=st.none() | st.dictionaries(st.integers(1, LARGEST), PLACES, max_size=5).map(Rest.of),
    places=st.dictionaries(st.integers(1, LARGEST), PLACES, max_size=20),
)


def _reason(codec: CursorCodec, viewer_id: int, text: str) -> SyncResetReason:
    with pytest.raises(Unusable) as refusal:
        open_token(codec, viewer_id, text)
    return refusal.value.reason


@settings(deadline=None, max_examples=200)
@given(NUMBERS, STATES)
def test_a_token_gives_back_what_it_was_made_of(viewer_id: int, state: SyncState) -> None:
    text = encode(CODEC, viewer_id, state)
    token = open_token(CODEC, viewer_id, text)
    found = token.state()
    rests = [one.same_buckets(Rest()) if one is not None else None for one in (found.rest, state.rest)]
    assert rests[0] == rests[1]
    found.rest = state.rest = None
    assert found == state
    assert (token.log, token.mark) == (state.log, state.mark if not state.within else None)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_changed_sign_makes_it_invalid(data: st.DataObject) -> None:
    text = encode(CODEC, 7, data.draw(STATES))
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("ABCxyz019-_ é=").filter(lambda sign: sign != text[at]))
    assert _reason(CODEC, 7, text[:at] + other + text[at + 1 :]) is SyncResetReason.TOKEN_INVALID


@pytest.mark.parametrize("text", ["", "A", "nonsense", "é", "A" * 5000, CODEC.encode(CursorKind.NOTIFICATIONS, 7, 1)])
def test_what_is_no_token_is_invalid(text: str) -> None:
    assert _reason(CODEC, 7, text) is SyncResetReason.TOKEN_INVALID


def test_a_token_is_its_viewers_and_its_databases() -> None:
    text = encode(CODEC, 7, SyncState(log=1))
    assert _reason(CODEC, 8, text) is SyncResetReason.TOKEN_INVALID
    elsewhere = CursorCodec(CODEC.epoch_hex, (SigningKey(1, b"the signing key of another place"),))
    assert _reason(elsewhere, 7, text) is SyncResetReason.TOKEN_INVALID
    restored = CursorCodec("ffeeddccbbaa9900", CODEC.keys)
    assert _reason(restored, 7, text) is SyncResetReason.HISTORY_REWRITTEN
    assert _reason(restored, 8, text) is SyncResetReason.TOKEN_INVALID


def test_two_hundred_channels_of_a_large_place_take_less_than_4_kib_also_in_the_middle_of_a_page() -> None:
    # A billion channels of which the viewer's lie anywhere, a hundred million events in each, nothing read.
    places = {(index * 5_000_011) % 1_000_000_007: Place(100_000_000 + index, index) for index in range(1, MAX_PLACES + 1)}
    busy = next(iter(places))
    places[busy] = places[busy]._replace(ceiling=99_000_000)
    state = SyncState(log=10**9, within=10**8, turn=10**9, mark=PulseMark(200, 10**12, 10**12), places=places)
    text = encode(CODEC, 10**9, state)
    assert len(text) <= LONGEST_TEXT
    assert base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert open_token(CODEC, 10**9, text).state().places == places


def test_what_does_not_fit_is_counted_into_the_rest() -> None:
    ranked = [LARGEST - index * 2**54 for index in range(MAX_PLACES + 50)]
    places = {key: Place(2**60 + key % 1000, 3) for key in ranked}
    state = SyncState(log=1, places=dict(places))
    text = shortened(CODEC, 7, state, lambda: list(ranked))
    found = open_token(CODEC, 7, text).state()
    assert len(text) <= LONGEST_TEXT
    kept = len(found.places)
    assert 90 < kept < MAX_PLACES
    assert found.places == {key: places[key] for key in ranked[:kept]}
    beyond = Rest.of({key: places[key] for key in ranked[kept:]})
    assert found.rest is not None
    assert len(found.rest.same_buckets(beyond)) == 64


def test_the_rest_tells_in_which_bucket_something_changed() -> None:
    places = {key: Place(5, 5) for key in range(1, 200)}
    before, after = Rest.of(places), Rest.of({**places, 70: Place(6, 5)})
    assert set(range(64)) - before.same_buckets(after) == {Rest.bucket(70)}
