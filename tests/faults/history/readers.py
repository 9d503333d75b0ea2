"""Those who poll: each with a cursor of its own, on whichever process chance gives it.

Rule: a reader logs what it got and goes on from where it was; it repairs nothing, and begins again only where it is told to.
One who asks for the newest messages sees the edits of what the others have long passed.
"""

from typing import Any

from tests.faults.history.records import Answer, Shown, Way
from tests.faults.history.session import RESET, Person, Reply

FIELDS = "id seq cursor version content deletedAt clientMessageId author { name }"
PAGE_INFO = "pageInfo { hasNextPage endCursor }"
FOLLOW = (
    "query($c: ID!, $n: Int, $a: String) { messages(channelId: $c, first: $n, after: $a)"
    f" {{ nodes {{ {FIELDS} }} {PAGE_INFO} }} }}"
)
NEWEST = (
    "query($c: ID!, $n: Int) { messages(channelId: $c, last: $n)"
    f" {{ nodes {{ {FIELDS} }} {PAGE_INFO} activeUsers pollingInterval {{ milliseconds }} }} channel(id: $c) {{ viewerRole }} }}"
)
PAGE = 100
LARGEST_PAGE = 200
NEWEST_PAGE = 12
NEWEST_SHARE = 0.12
PAUSE_S = 0.004


def shown(node: dict[str, Any]) -> Shown:
    """Return a message as it came."""
    return Shown(
        node["id"], node["seq"], node["cursor"], node["version"], node["content"],
        node["author"]["name"], node["clientMessageId"] or "", node["deletedAt"] is not None,
    )  # fmt: skip


class Reader:
    """One client of a person in one channel. `after` is its cursor."""

    def __init__(self, person: Person, channel: str, client: str) -> None:
        self.person = person
        self.channel = channel
        self.client = client
        self.after: str | None = None

    async def run(self) -> None:
        """Poll until the load stops."""
        load = self.person.load
        while not load.stopping:
            if load.random.random() < NEWEST_SHARE:
                await self.newest()
            else:
                await self.follow()
            await self.person.pause(PAUSE_S)

    async def follow(self, *, first: int = PAGE, way: Way = Way.FOLLOW, process: int | None = None) -> Answer | None:
        """Ask for what follows the cursor, and move it; returns the answer, None where there was an error."""
        variables: dict[str, object] = {"c": self.channel, "n": first, "a": self.after}
        reply = await self.person.ask(FOLLOW, variables, process=process, expects="NOT_FOUND", kept=True)
        answer = self._log(reply, way)
        if answer is not None and answer.visible:
            self.after = answer.end
        if reply.code == RESET:
            self.after = None
        return answer

    async def newest(self) -> Answer | None:
        """Ask for the newest messages and whether one is a member; the cursor stays."""
        reply = await self.person.ask(NEWEST, {"c": self.channel, "n": NEWEST_PAGE}, expects="NOT_FOUND", kept=True)
        return self._log(reply, Way.NEWEST)

    async def audit(self, process: int) -> None:
        """Read everything from the start, until the end is reached."""
        while True:
            answer = await self.follow(first=LARGEST_PAGE, way=Way.AUDIT, process=process)
            if answer is None:
                await self.person.pause(0.1)
            elif not answer.more:
                return

    def _log(self, reply: Reply, way: Way) -> Answer | None:
        if reply.code and reply.code != "NOT_FOUND":
            return None
        answer = self._answer(reply, way)
        self.person.load.history.answers.append(answer)
        if way is not Way.AUDIT:
            self.person.load.signals.polls.value += 1
        return answer

    def _answer(self, reply: Reply, way: Way) -> Answer:
        who, times = self.person.who, (reply.began_s, reply.ended_s)
        after = self.after if way is not Way.NEWEST else None
        if reply.code:
            return Answer(self.client, who, reply.process, self.channel, way, *times, after, visible=False)
        messages = reply.data["messages"]
        nodes = tuple(map(shown, messages["nodes"]))
        info = messages["pageInfo"]
        member = reply.data["channel"]["viewerRole"] is not None if way is Way.NEWEST else None
        return Answer(
            self.client, who, reply.process, self.channel, way, *times, after, info["endCursor"], nodes, info["hasNextPage"],
            member=member,
        )  # fmt: skip
