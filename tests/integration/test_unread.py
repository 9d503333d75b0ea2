"""Unread counts equal a recount after any sequence of sends, reads, joins, leaves, notifications and marks."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from app.settings import Settings
from app.wiring import open_services
from models.channel import ChannelKind
from models.clock import wall_clock_us
from models.errors import Mistake
from models.head import ChannelHead
from models.membership import join_channel, leave_channel, mark_channel_read
from models.migrate import migrate
from models.notification import Mark, NewNotification, mark
from models.open_channel import NewChannel, open_channel
from models.send_plan import Send
from models.store_url import StoreUrl
from models.user import Claims, admit
from tests.asking import SECRET
from tests.conftest import fresh_postgres_database
from tests.servers.postgres import Postgres

PEOPLE = st.integers(0, 2)
CHANNELS = st.integers(0, 1)


class Conversations(RuleBasedStateMachine):
    """Three people in two channels; the store is asked twice, by ordinals and by counting rows."""

    make_url: Any = None

    @initialize()
    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.url = self.loop.run_until_complete(type(self).make_url())
        configured = Settings.model_validate({"database_url": self.url, "redis_url": "none", "POLLUX_JWT_SECRET": SECRET})
        self.opened = open_services(configured)
        self.services, _ = self._do(self.opened.__aenter__())
        db = self.services.db
        self.people = [self._do(admit(db, Claims(f"{i:032x}", f"u{i}", None, 1), 1)) for i in range(3)]
        self.channels = [
            self._do(open_channel(db, NewChannel(ChannelKind.PUBLIC, f"c{i}", "", self.people[i], (), None), 1)) for i in range(2)
        ]
        # What the test itself knows: who belongs where, and up to which message they have read.
        self.read: dict[tuple[int, int], int] = {(0, 0): 0, (1, 1): 0}
        self.sent: dict[int, list[tuple[int, tuple[int, ...]]]] = {0: [], 1: []}

    def _do(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    async def _head(self, where: int, who: int) -> ChannelHead | None:
        head: ChannelHead | None = await self.services.read_index.channel(self.channels[where], self.people[who])
        return head

    @rule(who=PEOPLE, where=CHANNELS, named=st.sets(PEOPLE))
    def send(self, who: int, where: int, named: set[int]) -> None:
        named = {person for person in named if (where, person) in self.read}
        mentions = tuple(self.people[person] for person in sorted(named))
        sending = self.services.sends.send(Send(self.channels[where], self.people[who], "hi", mention_ids=mentions))
        if (where, who) in self.read:
            message = self._do(sending)
            self.sent[where].append((who, tuple(named)))
            self.read[where, who] = message.seq
            assert message.seq == len(self.sent[where])
        else:
            with pytest.raises(Mistake):
                self._do(sending)

    @rule(who=PEOPLE, where=CHANNELS, seq=st.integers(0, 40))
    def read_up_to(self, who: int, where: int, seq: int) -> None:
        marking = mark_channel_read(self.services.db, self.channels[where], self.people[who], seq, wall_clock_us())
        if (where, who) in self.read:
            self._do(marking)
            self.read[where, who] = max(self.read[where, who], min(seq, len(self.sent[where])))
        else:
            with pytest.raises(Mistake):
                self._do(marking)

    @rule(who=PEOPLE, where=CHANNELS)
    def join(self, who: int, where: int) -> None:
        self._do(join_channel(self.services.db, self.channels[where], self.people[who], wall_clock_us()))
        self.read.setdefault((where, who), len(self.sent[where]))

    @precondition(lambda self: len(self.read) > 2)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        where, who = data.draw(st.sampled_from(sorted(key for key in self.read if key[0] != key[1]) or [(0, 1)]))
        if (where, who) in self.read:
            self._do(leave_channel(self.services.db, self.channels[where], self.people[who], wall_clock_us()))
            del self.read[where, who]
            # Mentions of who left are forgotten with the membership.
            self.sent[where] = [(author, tuple(p for p in named if p != who)) for author, named in self.sent[where]]

    @rule(who=PEOPLE, key=st.none() | st.sampled_from("ab"))
    def notify(self, who: int, key: str | None) -> None:
        new = NewNotification("system", "t", "c", dedupe_key=key)
        self._do(self.services.notifications.notify(f"{who:032x}", new))

    @rule(who=PEOPLE, what=st.sampled_from(Mark), numbers=st.none() | st.sets(st.integers(1, 12)))
    def mark_notifications(self, who: int, what: Mark, numbers: set[int] | None) -> None:
        chosen = None if numbers is None else sorted(numbers)
        self._do(mark(self.services.db, self.people[who], what, chosen, wall_clock_us()))

    @invariant()
    def counts_equal_a_recount(self) -> None:
        if not hasattr(self, "services"):
            return
        for (where, who), read in self.read.items():
            head = self._do(self._head(where, who))
            unread = self.sent[where][read:]
            assert (head.unread, head.unread_mentions) == (len(unread), sum(who in named for _, named in unread))
        for person in self.people:
            head = self._do(self.services.read_index.inbox(person))
            (counted,) = self._do(
                self.services.db.rows(
                    "SELECT count(*) AS n, sum(CASE WHEN seen_us IS NULL AND archived_us IS NULL THEN 1 ELSE 0 END) AS unseen,"
                    " sum(CASE WHEN read_us IS NULL AND archived_us IS NULL THEN 1 ELSE 0 END) AS unread"
                    " FROM notifications WHERE user_id = $1",
                    person,
                )
            )
            assert (head.last_number, head.unseen, head.unread) == (counted["n"], counted["unseen"] or 0, counted["unread"] or 0)

    def teardown(self) -> None:
        if hasattr(self, "services"):
            self._do(self.opened.__aexit__(None, None, None))
            self.loop.close()


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_counts_equal_a_recount_after_any_sequence(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    async def sqlite() -> StoreUrl:
        url = StoreUrl.parse(f"sqlite://{tempfile.mkdtemp(dir=tmp_path)}/pollux.db")
        await migrate(url, wall_clock_us())
        return url

    async def postgres() -> StoreUrl:
        server: Postgres = request.getfixturevalue("postgres")
        return await fresh_postgres_database(server)

    machine = type("Machine", (Conversations,), {"make_url": staticmethod(sqlite if store == "sqlite" else postgres)})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=15, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)),
    )
