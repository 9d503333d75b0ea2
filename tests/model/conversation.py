"""Clients that poll the real ReadIndex, RecentMessages and ProfileCopies, and everything that can happen meanwhile.

Rule: a run is fixed by which of `choices` is made each time; there is a choice as long as a client waits. Every answer
is held against what was committed when its poll began, which is the earliest that it could have been acknowledged.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial

from cache.lineage import Lineage
from cache.profiles import ProfileCopies
from cache.read_index import ReadIndex
from cache.recent import RecentMessages
from models.cursor import CursorCodec
from models.errors import Unavailable
from models.message import MessageRecord, message_record
from tests.model.explore import Property, Violation
from tests.model.gated_loop import GatedLoop, Gates
from tests.model.gated_parts import CHANNEL, GatedRedis, GatedStore, newest

PEOPLE = (1, 2)

_Choice = tuple[str, Callable[[], None]]

# Whose request a gate belongs to, for the label; a shared read belongs to who began it.
_who: ContextVar[str] = ContextVar("who", default="")


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens in a run. A write is ("event", seq) or ("profile", person); `clients` names their processes."""

    writes: tuple[tuple[str, int], ...]
    clients: tuple[int, ...]
    polls: int = 2
    faults: int = 1
    rewinds: int = 0
    writer_process: int = 0
    with_profiles: bool = True
    with_redis: bool = True


class _NamedGates(Gates):
    async def wait(self, label: str) -> None:
        await super().wait(f"{_who.get()}, {label}")


@dataclass(slots=True)
class _Process:
    index: ReadIndex
    recent: RecentMessages
    profiles: ProfileCopies


@dataclass(slots=True)
class _Client:
    name: str
    process: _Process
    polls: int
    events: dict[int, int] = field(default_factory=dict)
    people: dict[int, int] = field(default_factory=dict)


class Conversation:
    """One run. `violation` is the first wrong answer, `trace` what was chosen so far."""

    def __init__(self, plan: Plan, *, recent: type[RecentMessages] = RecentMessages, index: type[ReadIndex] = ReadIndex) -> None:
        self.loop = GatedLoop()  # type: ignore[abstract]  # nothing here opens sockets or starts processes
        self.gates = _NamedGates(self.loop)
        self.store = GatedStore(self.gates)
        self.redis = GatedRedis(self.gates, self.loop.time, present=plan.with_redis)
        self.violation: Violation | None = None
        self.trace: list[str] = []
        self._offered: list[_Choice] | None = None
        self._writes = list(plan.writes)
        self._notes: list[tuple[MessageRecord, str]] = []  # of writes that their process has not noted yet
        self._faults, self._rewinds = plan.faults, plan.rewinds
        self._dump: dict[str, dict[bytes, int]] | None = None
        self._with_profiles = plan.with_profiles
        self.processes = [self._process(recent, index) for _ in range(1 + max(*plan.clients, plan.writer_process))]
        self._writer = self.processes[plan.writer_process]
        self.clients = [_Client(f"client {n}", self.processes[p], plan.polls) for n, p in enumerate(plan.clients)]
        self._tasks = [self.loop.create_task(self._polls(client)) for client in self.clients]
        self.loop.run_until_all_wait()

    def _process(self, recent: type[RecentMessages], index: type[ReadIndex]) -> _Process:
        lineage = Lineage(self.store, CursorCodec(f"{self.store.epoch:016x}", ()))
        return _Process(
            index(self.store, lineage, gap_s=0.0), recent(self.store, self.redis, lineage), ProfileCopies(self.store, lineage)
        )

    @property
    def over(self) -> bool:
        return self.violation is not None or all(task.done() for task in self._tasks)

    def choices(self) -> list[_Choice]:
        """Return what can happen next."""
        if self._offered is None:
            self._offered = self._choices()
        return self._offered

    def _choices(self) -> list[_Choice]:
        found: list[_Choice] = []
        for n, (label, _) in enumerate(self.gates.closed):
            found.append((label, partial(self.gates.open, n)))
        if self._writes:
            found.append((f"commit of {self._writes[0]}", self._commit))
        found += [(f"note of message {r.seq} of event {r.version}", partial(self._note, n)) for n, (r, _) in enumerate(self._notes)]
        if not self.redis.away:
            found += [(f"redis takes write {n}", partial(self.redis.take, n)) for n in range(len(self.redis.behind))]
        if self.loop.sleepers:
            found.append(("time passes", self.loop.let_time_pass))
        if self._rewinds and self.store.events:
            found.append(("the database goes back", self._rewind))
        return found + self._faults_now()

    def choose(self, n: int) -> None:
        """Make the n-th choice, and run until everything waits again."""
        label, act = self.choices()[n]
        self._offered = None
        self.trace.append(label)
        act()
        self.loop.run_until_all_wait()
        for task in self._tasks:
            if task.done():
                task.result()

    def follow(self, *script: str) -> None:
        """Make the choices whose labels begin so, one after the other; "… *" is made as often as it can be."""
        for line in script:
            label = line.removesuffix(" *")
            while (n := self._choice(label)) is not None:
                self.choose(n)
                if label == line:
                    break
            else:
                assert label != line, f"no choice {line!r} among {[label for label, _ in self.choices()]}"

    def _choice(self, label: str) -> int | None:
        return next((n for n, (offered, _) in enumerate(self.choices()) if offered.startswith(label)), None)

    def _faults_now(self) -> list[_Choice]:
        if self.redis.away:
            return [("redis comes back", self._mend)]
        if self._dump is not None and self._dump != self.redis.sets.members:
            return [("redis is rolled back to the dump", self._restore)]
        if self._faults == 0:
            return []
        found: list[_Choice] = [("redis goes away", partial(self._fault, redis_away=True))]
        if self.redis.sets.members:
            found += [("redis is flushed", partial(self._fault, members={})), ("redis is dumped", partial(self._fault, dump=True))]
        for n, process in enumerate(self.processes):
            if process.recent._runs:
                found.append((f"process {n} forgets its run", partial(self._fault, forgets=process)))
        for n, (label, _) in enumerate(self.gates.closed):
            if "store:" in label:
                found.append((f"{label} fails", partial(self._fault, gate=n)))
        return found

    def _fault(
        self,
        *,
        redis_away: bool = False,
        members: dict[str, dict[bytes, int]] | None = None,
        dump: bool = False,
        forgets: _Process | None = None,
        gate: int | None = None,
    ) -> None:
        self._faults -= 1
        self.redis.away = redis_away
        if members is not None:
            self.redis.sets.members = members
        if dump:
            self._dump = {key: dict(members) for key, members in self.redis.sets.members.items()}
        if forgets is not None:
            forgets.recent._runs.clear()
        if gate is not None:
            self.gates.open(gate, Unavailable())

    def _mend(self) -> None:
        self.redis.away = False

    def _restore(self) -> None:
        assert self._dump is not None
        self.redis.sets.members, self._dump = self._dump, None

    def _commit(self) -> None:
        kind, number = self._writes.pop(0)
        if kind == "event" and number > max(self.store.events, default=0) + 1:
            return  # it edits what went back into nothing
        self.store.write(kind, number)
        if kind == "event":
            self._notes.append((message_record(self.store.message(number)), f"{self.store.epoch:016x}"))

    def _rewind(self) -> None:
        self._rewinds -= 1
        self._notes.clear()
        self.store.rewind(len(self.store.events) - 1, max(0, len(self.store.log) - 1))
        for client in self.clients:  # a client starts again, and is promised the new history
            client.events, client.people = {}, {}

    def _note(self, n: int) -> None:
        self._writer.recent.sent(*self._notes.pop(n))

    async def _polls(self, client: _Client) -> None:
        _who.set(client.name)
        while client.polls:
            try:
                await self._poll(client)
            except Unavailable:
                self.trace.append(f"{client.name} gets UNAVAILABLE")
            client.polls -= 1

    async def _poll(self, client: _Client) -> None:
        await self.gates.wait("begins a poll")
        epoch, events, log = self.store.epoch, self.store.events, self.store.log
        head = await client.process.index.channel(CHANNEL, int(client.name[-1]))
        assert head is not None
        found = await client.process.recent.between(head, 1, head.last_message)
        if epoch == self.store.epoch:  # else it began in a history that is no more
            contents = {record.seq: (record.version, record.content) for record in found}
            client.events = self._checked(client, "event", contents, client.events, {seq: newest(events, seq) for seq in events})
        if self._with_profiles:
            people = await client.process.profiles.get(PEOPLE, epoch_hex=head.epoch_hex, last_profile=head.last_profile)
            if epoch == self.store.epoch:
                contents = {person: (profile.number, profile.name) for person, profile in people.items()}
                client.people = self._checked(client, "profile", contents, client.people, {p: newest(log, p) for p in PEOPLE})

    def _checked(
        self, client: _Client, kind: str, contents: dict[int, tuple[int, str]], before: dict[int, int], acked: dict[int, int]
    ) -> dict[int, int]:
        shown = {key: number for key, (number, _) in contents.items()}
        last = len(self.store.events if kind == "event" else self.store.log)
        broken: Property | None = None
        if sorted(shown) != list(range(1, len(shown) + 1)):
            broken = Property.HOLE
        elif any(number > last or text != self.store.content(kind, number) for number, text in contents.values()):
            broken = Property.PHANTOM
        elif any(shown.get(key, -1) < number for key, number in acked.items()):
            broken = Property.STALE
        elif any(shown.get(key, -1) < number for key, number in before.items()):
            broken = Property.BACKWARD
        if broken is not None and self.violation is None:
            answer = f"{client.name} gets {contents}; committed when it asked: {acked}, shown before: {before}"
            self.violation = Violation(broken, answer)
        return shown
