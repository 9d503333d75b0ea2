"""Histories: a world that changes, one client at a time that follows it, and the reader it gives its events to."""

from random import Random

from contract_model import Room, World
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from promised import Reader

from pollux_client.events import Checkpoint, Gap, Position
from pollux_client.protocol.actions import Cancel, GiveUp, Output, Request, Transport
from pollux_client.protocol.failure import Failure, Kind
from pollux_client.protocol.sync import APART_MS, SyncMachine

ROOMS = ("a", "b", "c", "dR")
NAMED = st.sampled_from(ROOMS)
LIMITS = st.sampled_from((1, 2, 4, 100))


class Followed(RuleBasedStateMachine):
    """Whatever happens, in whatever order; each rule looks at what it brought about."""

    @initialize(seed=st.integers(0, 3), transport=st.sampled_from(Transport), interval=st.sampled_from((1000, 5000)))
    def begin(self, seed: int, transport: Transport, interval: int) -> None:
        self.random = Random(seed)
        self.world = World({key: Room(key) for key in ROOMS}, interval_ms=interval)
        self.reader = Reader()
        self.now = 0
        self.scope: tuple[str, ...] | None = None
        self.asked: Request | None = None
        self.limited: set[str] = set()
        self.follow(transport, None)

    def follow(self, transport: Transport, position: Position | None) -> None:
        """Let a new client go on at a position."""
        self.asked = None
        self.began = -APART_MS
        self.earliest = self.now
        self.failures = 0
        self.machine = SyncMachine(transport, random=self.random.random, position=position, channel_ids=self.scope)
        self.put(self.machine.start(self.now))

    def put(self, output: Output, *, sooner: bool = False) -> None:
        """Look at what an input brought about. `sooner`: the input may ask before the interval is over."""
        if sooner:
            self.earliest = min(self.earliest, self.now, self.began + APART_MS)
        for event in output.events:
            self.reader.take(event)
            if isinstance(event, Gap):
                assert event.channel_id in self.limited, "a gap that the server did not make"
            if isinstance(event, Checkpoint):
                assert event.position == self.machine.position
                self.limited = set()
        for action in output.actions:
            match action:
                case Cancel(cancelled):
                    assert self.asked is not None
                    assert cancelled == self.asked.id
                    self.asked = None
                case Request():
                    assert self.asked is None, "two requests at once"
                    assert self.now >= self.earliest, "too soon"
                    self.asked, self.began = action, self.now
                case GiveUp():
                    raise AssertionError("nothing here is final")
        assert self.machine.under_way == self.asked
        assert self.machine.wake_at is None or (self.asked is None and self.machine.wake_at > self.now)

    @rule(room=NAMED, count=st.integers(1, 8))
    def send(self, room: str, count: int) -> None:
        for _ in range(count):
            self.world.rooms[room].send()

    @rule(room=NAMED, back=st.integers(0, 6), delete=st.booleans())
    def change(self, room: str, back: int, delete: bool) -> None:
        if (seq := len(self.world.rooms[room].messages) - back) > 0:
            self.world.rooms[room].change(seq, delete=delete)

    @rule(room=NAMED, which=st.integers(1, 3), limit=st.sampled_from((1, 2, 4)))
    def send_and_change_before_anybody_looks(self, room: str, which: int, limit: int) -> None:
        self.settle(100)
        self.send(room, 4)
        self.change(room, which, delete=False)
        if self.asked is not None:
            self.answer(limit, 10)

    @rule(room=NAMED)
    def come_or_go(self, room: str) -> None:
        self.world.rooms[room].member = not self.world.rooms[room].member

    @rule()
    def rewrite_history(self) -> None:
        self.world.rewrite()

    @precondition(lambda self: self.asked is not None)
    @rule(limit=LIMITS, took=st.integers(1, 30_000))
    def answer(self, limit: int, took: int) -> None:
        asked = self.asked
        assert asked is not None
        token = asked.token if not asked.stream else self.machine._token
        page = self.world.page(token, asked.channel_ids, limit=limit)
        self.limited |= {delta.channel.id for delta in page.channels if delta.limited}
        self.now += took
        self.failures = 0
        if not asked.stream:
            self.asked = None
            long_polling = self.machine.transport is Transport.LONG_POLLING
            held_long = long_polling and (page.token != token or self.now - self.began >= 0.9 * asked.wait_ms)
            at_once = (page.has_more and page.token != token) or held_long or asked.channel_ids != self.scope
            self.earliest = self.now if at_once else self.now + self.world.interval_ms
        self.put(self.machine.page(self.now, asked.id, page))

    @precondition(lambda self: self.asked is not None and not self.asked.stream)
    @rule(took=st.integers(1, 30_000))
    def answer_that_nothing_is_new(self, took: int) -> None:
        asked, self.asked = self.asked, None
        assert asked is not None
        self.now += took
        self.failures = 0
        long_polling = self.machine.transport is Transport.LONG_POLLING
        soon = asked.channel_ids != self.scope or (long_polling and self.now - self.began >= 0.9 * asked.wait_ms)
        self.earliest = self.now if soon else self.now + self.machine.interval.milliseconds
        self.put(self.machine.not_modified(self.now, asked.id, None))

    @rule(asked=st.integers(0, 5))
    def answer_what_nobody_waits_for(self, asked: int) -> None:
        if self.asked is None or self.asked.id != asked:
            page = self.world.page(None, None, limit=100)
            assert self.machine.page(self.now, asked, page) == Output()
            assert self.machine.failed(self.now, asked, Failure(Kind.FINAL)) == Output()

    @precondition(lambda self: self.asked is not None)
    @rule(kind=st.sampled_from((Kind.TRANSIENT, Kind.ENDED)), retry_after=st.sampled_from((None, None, 1, 3000)))
    def fail(self, kind: Kind, retry_after: int | None) -> None:
        asked, self.asked = self.asked, None
        assert asked is not None
        quick = self.failures < 3
        self.failures += 1
        self.earliest = self.now + (retry_after or (500 if quick else max(4000, self.machine.interval.milliseconds)))
        self.put(self.machine.failed(self.now, asked.id, Failure(kind, retry_after_ms=retry_after)))

    @rule(waited=st.integers(1, 40_000))
    def wait(self, waited: int) -> None:
        self.now += waited
        self.put(self.machine.tick(self.now))

    @rule()
    def wait_until_due(self) -> None:
        if (due := self.machine.wake_at) is not None:
            self.now = due - 1
            self.put(self.machine.tick(self.now))
            assert self.asked is None
            self.now = due
            self.put(self.machine.tick(self.now))
            assert self.asked is not None

    @rule()
    def lose_and_find_the_network(self) -> None:
        self.put(self.machine.network_lost(self.now))
        assert self.asked is None
        assert self.machine.wake_at is None
        self.failures = 0
        self.put(self.machine.network_back(self.now), sooner=True)

    @rule()
    def look_away(self) -> None:
        self.put(self.machine.hide(self.now), sooner=self.machine.transport is not Transport.POLLING)
        assert self.machine.wake_at is None

    @rule()
    def look_back(self) -> None:
        self.put(self.machine.show(self.now))

    @rule(rooms=st.none() | st.sets(NAMED, min_size=1))
    def look_at(self, rooms: set[str] | None) -> None:
        self.scope = None if rooms is None else tuple(sorted(rooms))
        self.put(self.machine.rescope(self.now, self.scope), sooner=self.failures == 0)

    @rule(transport=st.sampled_from(Transport))
    def change_the_transport(self, transport: Transport) -> None:
        self.put(self.machine.close(self.now))
        assert self.machine.wake_at is None
        self.follow(transport, self.machine.position)

    @rule(transport=st.sampled_from(Transport))
    def resume_from_the_token_alone(self, transport: Transport) -> None:
        self.put(self.machine.close(self.now))
        self.reader.loose = set(ROOMS)
        self.follow(transport, Position(self.machine.position.token, {}, whole=False))

    @rule(limit=LIMITS)
    def settle(self, limit: int) -> None:
        """Once the server answers, everything comes, and soon nothing is new."""
        self.look_back()
        self.look_at(None)
        for _ in range(600):
            if self.asked is None:
                assert self.machine.wake_at is not None
                assert self.machine.wake_at <= self.now + 45_000
                self.wait_until_due()
            asked = self.asked
            assert asked is not None
            before = self.machine._token
            self.answer(limit, 10)
            if asked.channel_ids is None and self.machine._token == before and self.machine.position.token == before:
                break
        else:
            raise AssertionError("it never comes to rest")
        assert self.machine.position.token == self.machine._token
        for key, room in self.world.rooms.items():
            held = self.reader.held.get(key, {})
            assert {seq: one.version for seq, one in held.items()} == {seq: room.messages[seq].version for seq in held}
            if room.member and room.messages and key in self.reader.last and key not in self.reader.loose:
                assert self.reader.last[key] == len(room.messages)
            assert room.member or not held
