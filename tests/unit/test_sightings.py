"""Sightings: counted until their moment, told when Redis knows less, forgotten when they ended."""

from cache.sightings import AHEAD_S, Sightings

ROOM, OTHER = 1, 2
ALICE, BOB = 10, 11


def _told(sightings: Sightings[int], now_s: float, rooms: int = 9) -> dict[int, dict[int, float]]:
    """Tell what is to be told, as if Redis took it."""
    sightings.look_again(now_s)
    sent = {room: sightings.untold(room) for room in sightings.to_tell(now_s, rooms)}
    for room, users in sent.items():
        sightings.told(room, users)
    return sent


def test_who_comes_again_is_told_again_only_when_what_was_told_is_about_to_end() -> None:
    sightings: Sightings[int] = Sightings(100)
    sightings.touch(ROOM, ALICE, 30)
    assert _told(sightings, 0) == {ROOM: {ALICE: 30}}
    for now_s in range(1, 23):
        sightings.touch(ROOM, ALICE, now_s + 30)
        assert (now_s < 30 - AHEAD_S) == (_told(sightings, now_s) == {})


def test_who_comes_no_more_counts_no_more_and_is_forgotten() -> None:
    sightings: Sightings[int] = Sightings(100)
    sightings.touch(ROOM, ALICE, 30)
    _told(sightings, 0)
    sightings.touch(ROOM, ALICE, 35)
    assert sightings.present(ROOM, 34.9) == [ALICE]
    assert sightings.present(ROOM, 35) == []
    for now_s in range(60):
        _told(sightings, now_s)
    assert ROOM not in sightings
    assert not sightings._due


def test_whoever_is_seen_within_a_second_counts_as_long_and_never_longer_than_they_should() -> None:
    sightings: Sightings[int] = Sightings(100, grain_s=1)
    asked = {ALICE: 30.0, BOB: 30.9, 12: 31.0, 13: 29.5, 14: 60.2, 15: 61.1}
    for user_id, until_s in asked.items():
        sightings.touch(ROOM, user_id, until_s)
    held = {user_id: sightings.until_s(ROOM, user_id) for user_id in asked}
    assert held == {ALICE: 30.0, BOB: 30.0, 12: 31.0, 13: 29.5, 14: 60.2, 15: 60.2}
    assert all(asked[user_id] - 1 < held[user_id] <= asked[user_id] for user_id in asked)


def test_with_redis_away_who_ended_is_forgotten_however_many_rooms_there_are() -> None:
    sightings: Sightings[int] = Sightings(100)
    for room in range(50):
        sightings.touch(room, ALICE, 30)
    for _ in range(10):
        sightings.look_again(40)
        sightings.to_tell(40, 5)
    assert not any(room in sightings for room in range(50))


def test_rooms_take_turns() -> None:
    sightings: Sightings[int] = Sightings(100)
    for room in range(5):
        sightings.touch(room, ALICE, 30)
    assert [sightings.to_tell(0, 2) for _ in range(3)] == [[0, 1], [2, 3], [4, 0]]


def test_a_user_forgotten_is_told_when_they_come_back() -> None:
    sightings: Sightings[int] = Sightings(100)
    sightings.touch(ROOM, ALICE, 30)
    _told(sightings, 0)
    sightings.forget(ROOM, ALICE)
    assert sightings.present(ROOM, 1) == []
    sightings.touch(ROOM, ALICE, 31)
    assert _told(sightings, 1) == {ROOM: {ALICE: 31}}


def test_more_than_the_limit_are_not_counted_until_others_end() -> None:
    sightings: Sightings[int] = Sightings(1)
    sightings.touch(ROOM, ALICE, 30)
    sightings.touch(ROOM, BOB, 30)
    sightings.touch(OTHER, BOB, 30)
    assert sightings.present(ROOM, 0) == [ALICE]
    assert OTHER not in sightings
    sightings.forget(ROOM, ALICE)
    sightings.touch(OTHER, BOB, 30)
    assert sightings.present(OTHER, 0) == [BOB]


def test_when_redis_forgot_everybody_is_told_again() -> None:
    sightings: Sightings[int] = Sightings(100)
    sightings.touch(ROOM, ALICE, 30)
    sightings.touch(OTHER, BOB, 30)
    _told(sightings, 0)
    sightings.tell_again()
    assert _told(sightings, 1) == {ROOM: {ALICE: 30}, OTHER: {BOB: 30}}
