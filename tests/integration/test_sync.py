"""A client that applies sync pages holds, whenever nothing is left to fetch, what a fresh snapshot gives."""

import asyncio
import tempfile
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from app.settings import Settings
from app.wiring import open_services
from models.change_message import add_reaction, delete_message, edit_message, remove_reaction
from models.channel import ChannelKind
from models.clock import wall_clock_us
from models.errors import Mistake, NotFound
from models.manage_members import add_channel_members, remove_channel_member, set_channel_member_role
from models.member import ChannelRole
from models.membership import join_channel, leave_channel, mark_channel_read
from models.message import messages_between
from models.migrate import migrate
from models.notification import Mark, NewNotification, mark
from models.open_channel import NewChannel, open_channel
from models.retention import retain
from models.send_plan import Send
from models.store_url import StoreUrl
from models.sync_token import SyncResetReason
from models.update_channel import ChannelChange, update_channel
from models.user import Claims, admit
from resolvers.context import Context, Viewer
from resolvers.sync import pages, sync
from resolvers.sync_page import SyncPage
from resolvers.sync_request import SyncRequest
from tests.asking import SECRET
from tests.conftest import fresh_postgres_database
from tests.integration.sync_client import Client
from tests.servers.postgres import Postgres

PEOPLE = st.integers(0, 2)
CHANNELS = st.integers(0, 5)
TRANSPORTS = st.sampled_from(("poll", "held poll", "subscription"))
# An archived channel refuses most, so few are.
ARCHIVED = st.sampled_from((None, None, None, True, False, False))
LIMITS = st.sampled_from((1, 2, 3, 7, 100, 500))


class Synced(RuleBasedStateMachine):
    """Three people and up to six channels; each person has a client that syncs now and then."""

    make_url: Any = None
    forgets = False

    @initialize()
    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.url = self._do(type(self).make_url())
        configured = Settings.model_validate({"database_url": self.url, "redis_url": "none", "POLLUX_JWT_SECRET": SECRET})
        self.opened = open_services(configured)
        self.services, _ = self._do(self.opened.__aenter__())
        self.db = self.services.db
        self.people = [self._do(admit(self.db, Claims(f"{i:032x}", f"u{i}", None, 1), 1)) for i in range(3)]
        self.channels: list[int] = []
        self.clients = [Client(self.forgets) for _ in self.people]
        for who in range(3):
            self.open_channel(who, {0})

    def _do(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def _try(self, work: Any) -> None:
        with suppress(Mistake, NotFound):  # what is refused changes nothing
            self._do(work)

    def _channel(self, where: int) -> int:
        return self.channels[where % len(self.channels)]

    @rule(who=PEOPLE, others=st.sets(PEOPLE))
    def open_channel(self, who: int, others: set[int]) -> None:
        if len(self.channels) < 6:
            kind = ChannelKind.PRIVATE if len(self.channels) % 3 == 2 else ChannelKind.PUBLIC
            members = tuple(self.people[one] for one in sorted(others) if one != who)
            new = NewChannel(kind, f"c{len(self.channels)}", "", self.people[who], members, None)
            self.channels.append(self._do(open_channel(self.db, new, wall_clock_us())))

    @rule(who=PEOPLE, where=CHANNELS, count=st.sampled_from((1, 1, 2, 9)), named=st.sets(PEOPLE))
    def send(self, who: int, where: int, count: int, named: set[int]) -> None:
        for _ in range(count):
            self._try(self.services.sends.send(Send(self._channel(where), self.people[who], "hi", mention_ids=())))
        mentions = tuple(self.people[one] for one in sorted(named))
        self._try(self.services.sends.send(Send(self._channel(where), self.people[who], "hi you", mention_ids=mentions)))

    @rule(who=PEOPLE, where=CHANNELS, seq=st.integers(1, 12), words=st.sampled_from("abc"))
    def edit(self, who: int, where: int, seq: int, words: str) -> None:
        self._try(edit_message(self.db, self._channel(where), seq, self.people[who], words, wall_clock_us()))

    @rule(who=PEOPLE, where=CHANNELS, seq=st.integers(1, 12))
    def delete(self, who: int, where: int, seq: int) -> None:
        self._try(delete_message(self.db, self._channel(where), seq, self.people[who], wall_clock_us()))

    @rule(who=PEOPLE, where=CHANNELS, seq=st.integers(1, 12), emoji=st.sampled_from("😀👍"), there=st.booleans())
    def react(self, who: int, where: int, seq: int, emoji: str, there: bool) -> None:
        react = add_reaction if there else remove_reaction
        self._try(react(self.db, self._channel(where), seq, self.people[who], emoji, wall_clock_us()))

    @rule(who=PEOPLE, where=CHANNELS)
    def join(self, who: int, where: int) -> None:
        self._try(join_channel(self.db, self._channel(where), self.people[who], wall_clock_us()))

    @rule(who=PEOPLE, where=CHANNELS)
    def leave(self, who: int, where: int) -> None:
        self._try(leave_channel(self.db, self._channel(where), self.people[who], wall_clock_us()))

    @rule(who=PEOPLE, where=CHANNELS, seq=st.integers(0, 40))
    def read_up_to(self, who: int, where: int, seq: int) -> None:
        self._try(mark_channel_read(self.db, self._channel(where), self.people[who], seq, wall_clock_us()))

    @rule(who=PEOPLE, where=CHANNELS, name=st.sampled_from("xyz"), topic=st.sampled_from("xyz"), archived=ARCHIVED)
    def change_the_channel(self, who: int, where: int, name: str, topic: str, archived: bool | None) -> None:
        change = ChannelChange(f"{name}{where}", topic, archived)
        self._try(update_channel(self.db, self._channel(where), self.people[who], change, wall_clock_us()))

    @rule(who=PEOPLE, where=CHANNELS, others=st.sets(PEOPLE, min_size=1))
    def add(self, who: int, where: int, others: set[int]) -> None:
        new = [self.people[one] for one in sorted(others)]
        self._try(add_channel_members(self.db, self._channel(where), self.people[who], new, wall_clock_us()))

    @rule(who=PEOPLE, where=CHANNELS, other=PEOPLE)
    def remove(self, who: int, where: int, other: int) -> None:
        self._try(remove_channel_member(self.db, self._channel(where), self.people[who], self.people[other], wall_clock_us()))

    @rule(who=PEOPLE, where=CHANNELS, other=PEOPLE, role=st.sampled_from(ChannelRole))
    def give_a_role(self, who: int, where: int, other: int, role: ChannelRole) -> None:
        people = self.people[who], self.people[other]
        self._try(set_channel_member_role(self.db, self._channel(where), *people, role, wall_clock_us()))

    @rule(who=PEOPLE)
    def notify(self, who: int) -> None:
        self._do(self.services.notifications.notify(f"{who:032x}", NewNotification("system", "t", "c")))

    @rule(who=PEOPLE, what=st.sampled_from(Mark), numbers=st.none() | st.sets(st.integers(1, 12)))
    def mark_notifications(self, who: int, what: Mark, numbers: set[int] | None) -> None:
        chosen = None if numbers is None else sorted(numbers)
        self._do(mark(self.db, self.people[who], what, chosen, wall_clock_us()))

    @rule()
    def take_out_what_is_old(self) -> None:
        self._do(retain(self.db, wall_clock_us() + 1, grace_s=0))

    @rule(who=PEOPLE, limit=LIMITS, how=TRANSPORTS)
    def fetch_a_page(self, who: int, limit: int, how: str) -> None:
        self._fetch(who, limit, how)

    @rule(who=PEOPLE, limit=LIMITS, how=TRANSPORTS, named=st.sets(CHANNELS, max_size=3))
    def fetch_some_channels(self, who: int, limit: int, how: str, named: set[int]) -> None:
        if self.clients[who].token is not None:
            chosen = tuple({self._channel(where): None for where in sorted(named)})
            page = self._fetch(who, limit, how, chosen)
            assert {delta.channel.head.channel_id for delta in page.channels} <= set(chosen)

    @rule(who=PEOPLE, limit=LIMITS, how=TRANSPORTS)
    def drain(self, who: int, limit: int, how: str) -> None:
        for _ in range(400):
            if not self._fetch(who, limit, how).has_more:
                break
        else:
            raise AssertionError("hasMore does not end")
        self._equals_a_fresh_snapshot(who)
        client = self.clients[who]
        again = self._page(who, client.token, limit, how)
        assert (again.token, again.channels, again.notifications, again.has_more) == (client.token, [], [], False)

    def _fetch(self, who: int, limit: int, how: str, named: tuple[int, ...] | None = None) -> SyncPage:
        client = self.clients[who]
        page = self._page(who, client.token, limit, how, named)
        for channel_id, first, last in client.apply(page, limit=limit):
            missing = self._do(messages_between(self.db, channel_id, first, last))
            client.messages[channel_id].update({one.seq: one for one in missing})
        return page

    def _page(self, who: int, token: str | None, limit: int, how: str = "poll", named: tuple[int, ...] | None = None) -> SyncPage:
        ctx = Context(self.services, Viewer(self.people[who], frozenset()))
        request = SyncRequest(token, named, limit, None, wait_ms=1 if how == "held poll" else 0)
        page: SyncPage = self._do(self._first(ctx, request) if how == "subscription" else sync(ctx, request))
        assert page.reset_reason in (None, SyncResetReason.TOKEN_EXPIRED)
        return page

    async def _first(self, ctx: Context, request: SyncRequest) -> SyncPage:
        """Return the page that a subscription begins with."""
        async with aclosing(pages(ctx, request)) as coming:
            return await anext(coming)

    def _equals_a_fresh_snapshot(self, who: int) -> None:
        client, fresh = self.clients[who], Client(forgets=True)
        while fresh.more:
            fresh.apply(self._page(who, fresh.token, 500), limit=500)
        # What a client looked at without belonging there is no part of a snapshot.
        held = {key: view for key, view in client.channels.items() if view[-1] is not None}
        assert held == fresh.channels
        for key in held:
            mine, last = client.messages[key], max(fresh.messages[key], default=0)
            stored = {one.seq: one for one in self._do(messages_between(self.db, key, 1, last))}
            assert sorted(mine) == list(range(min(mine, default=last + 1), last + 1))
            assert mine == {seq: stored[seq] for seq in mine}
            assert {seq: one for seq, one in fresh.messages[key].items() if seq in mine} == {
                seq: mine[seq] for seq in fresh.messages[key] if seq in mine
            }
        recent = {number: one for number, one in fresh.notifications.items() if number >= client.oldest_notification}
        assert {number: client.notifications.get(number) for number in recent} == recent
        assert client.inbox == fresh.inbox

    def teardown(self) -> None:
        if hasattr(self, "services"):
            self._do(self.opened.__aexit__(None, None, None))
            self.loop.close()


@pytest.mark.parametrize("places", ["enough places", "few places"])
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_a_client_holds_what_a_fresh_snapshot_gives(
    store: str, places: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With few places in a token, most channels are those it cannot name."""

    async def sqlite() -> StoreUrl:
        url = StoreUrl.parse(f"sqlite://{tempfile.mkdtemp(dir=tmp_path)}/pollux.db")
        await migrate(url, wall_clock_us())
        return url

    async def postgres() -> StoreUrl:
        server: Postgres = request.getfixturevalue("postgres")
        return await fresh_postgres_database(server)

    monkeypatch.setattr("resolvers.sync_draft.FAR", 6)
    monkeypatch.setattr("models.retention.KEPT", 6)
    monkeypatch.setattr("resolvers.sync_draft.NEWEST", 4)
    few = places == "few places"
    if few:
        monkeypatch.setattr("models.sync_token.MAX_PLACES", 2)
        monkeypatch.setattr("resolvers.sync_draft.MAX_PLACES", 2)
        monkeypatch.setattr("models.sync_token._BUCKETS", 3)
    made = staticmethod(sqlite if store == "sqlite" else postgres)
    machine = type("Machine", (Synced,), {"make_url": made, "forgets": few})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=12, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)),
    )
