"""Those who change things: send, edit, delete, take another name, join and leave.

Rule: one change at a time and person, repeated with the same key until its outcome is known; every attempt is logged.
"""

from typing import Any

from tests.faults.history.readers import FIELDS, shown
from tests.faults.history.records import Attempt, Kind, Outcome, Shown
from tests.faults.history.session import Control, Person, Reply

SEND = f"mutation($i: SendMessageInput!) {{ sendMessage(input: $i) {{ message {{ {FIELDS} }} userErrors {{ code }} }} }}"
EDIT = f"mutation($i: EditMessageInput!) {{ editMessage(input: $i) {{ message {{ {FIELDS} }} userErrors {{ code }} }} }}"
DELETE = f"mutation($m: ID!) {{ deleteMessage(messageId: $m) {{ message {{ {FIELDS} }} userErrors {{ code }} }} }}"
JOIN = "mutation($c: ID!) { joinChannel(channelId: $c) { userErrors { code } } }"
LEAVE = "mutation($c: ID!) { leaveChannel(channelId: $c) { userErrors { code } } }"
NAME = "{ viewer { id name } }"

EDIT_SHARE, DELETE_SHARE, RENAME_SHARE, REPEAT_SHARE = 0.06, 0.03, 0.01, 0.02
# So few messages back are edited that readers of the newest still see them.
REMEMBERED = 6
FORGOTTEN_SHARE = 0.02


class Writer:
    """A person who writes in one channel. `edits` is whether the server can edit and delete yet."""

    def __init__(self, person: Person, channel: str, *, edits: bool = True) -> None:
        self.person = person
        self.channel = channel
        self._edits = edits
        self._sent = 0
        self._own: list[Shown] = []

    async def run(self) -> None:
        """Write until the load stops; what was begun is settled first."""
        load, chance = self.person.load, self.person.load.random.random
        while not load.stopping:
            if load.signals.acks.value * load.plan.polls_per_send > load.signals.polls.value:
                await self.person.pause(0.01)
                continue
            if await self.send() is not Outcome.ACKED:
                raise RuntimeError(f"{self.person.who} may not send to {self.channel}")
            if self._edits and self._own and chance() < EDIT_SHARE:
                await self._change(Kind.EDIT)
            if self._edits and self._own and chance() < DELETE_SHARE:
                await self._change(Kind.DELETE)
            if chance() < RENAME_SHARE:
                self.person.rename()
                await self.introduce()
            await self.person.pause(0.01)

    async def send(self) -> Outcome:
        """Send one message until it is acknowledged or refused."""
        self._sent += 1
        key = f"{self.person.who}-{self.channel}-{self._sent}"
        text = f"{key} as sent"
        outcome: Outcome = await self.person.until(lambda: self._try_send(key, text))
        if outcome is Outcome.ACKED:
            self.person.load.signals.acks.value += 1
            if self.person.load.random.random() < REPEAT_SHARE:
                await self._try_send(key, text)
        return outcome

    async def introduce(self) -> str:
        """Show the present token until the server shows its name; returns the person's node id."""
        viewer: str = await self.person.until(self._try_name)
        return viewer

    async def move(self, kind: Kind) -> None:
        """Join or leave the channel, until it is done."""
        unknown = [False]
        await self.person.until(lambda: self._try_move(kind, unknown))

    async def _try_send(self, key: str, text: str) -> Outcome | None:
        variables = {"i": {"channelId": self.channel, "content": text, "clientMessageId": key}}
        if self._forgets():
            now_s = self.person.load.history.attempts[-1].ended_s
            forgotten = Shown("forgotten", 1, "", 1, text, self.person.name, key, deleted=False)
            reply = Reply({}, "", 0, now_s, now_s)
            self._log(Kind.SEND, key, text, reply, Outcome.ACKED, forgotten)
            return Outcome.ACKED
        reply = await self.person.ask(SEND, variables)
        outcome, message = self._outcome(Kind.SEND, key, text, reply, "sendMessage")
        if message is not None:
            self._own = [*self._own, message][-REMEMBERED:]
        return outcome if outcome is not Outcome.UNKNOWN else None

    async def _change(self, kind: Kind) -> None:
        target = self._own.pop(self.person.load.random.randrange(len(self._own)))
        text = f"{target.key} as edited after version {target.version}" if kind is Kind.EDIT else ""
        unknown = [False]
        await self.person.until(lambda: self._try_change(kind, target, text, unknown))

    async def _try_change(self, kind: Kind, target: Shown, text: str, unknown: list[bool]) -> Outcome | None:
        edit = kind is Kind.EDIT
        variables: dict[str, object] = {"i": {"messageId": target.id, "content": text}} if edit else {"m": target.id}
        reply = await self.person.ask(EDIT if edit else DELETE, variables)
        field = "editMessage" if edit else "deleteMessage"
        done_before = unknown[0] and _mistake(reply, field) == "ALREADY_DELETED"
        if done_before:
            self._log(kind, target.key, text, reply, Outcome.ACKED, None)
            return Outcome.ACKED
        outcome, message = self._outcome(kind, target.key, text, reply, field)
        if edit and message is not None:
            self._own.append(message)
        unknown[0] = outcome is Outcome.UNKNOWN
        return outcome if outcome is not Outcome.UNKNOWN else None

    async def _try_name(self) -> str | None:
        reply = await self.person.ask(NAME, {})
        known = not reply.code and reply.data["viewer"]["name"] == self.person.name
        outcome = Outcome.ACKED if known else Outcome.UNKNOWN
        self._log(Kind.PROFILE, "", self.person.name, reply, outcome, None)
        return str(reply.data["viewer"]["id"]) if known else None

    async def _try_move(self, kind: Kind, unknown: list[bool]) -> bool | None:
        field = "joinChannel" if kind is Kind.JOIN else "leaveChannel"
        gone = "NOT_FOUND" if unknown[0] and kind is Kind.LEAVE else ""
        reply = await self.person.ask(JOIN if kind is Kind.JOIN else LEAVE, {"c": self.channel}, expects=gone)
        # What an earlier attempt may have done already is now known to be done.
        settled = (gone and reply.code == gone) or (unknown[0] and _mistake(reply, field) == "NOT_A_MEMBER")
        done = settled or (not reply.code and not _mistake(reply, field))
        refused = not done and not reply.code
        self._log(kind, "", "", reply, Outcome.ACKED if done else Outcome.REFUSED if refused else Outcome.UNKNOWN, None)
        unknown[0] = unknown[0] or not (done or refused)
        if refused:
            self.person.load.unexpected(reply, f"{field} {_mistake(reply, field)}")
        return True if done or refused else None

    def _outcome(self, kind: Kind, key: str, text: str, reply: Reply, field: str) -> tuple[Outcome, Shown | None]:
        outcome, message = Outcome.UNKNOWN, None
        if not reply.code:
            node: dict[str, Any] | None = reply.data[field]["message"]
            message = shown(node) if node is not None else None
            outcome = Outcome.ACKED if message is not None else Outcome.REFUSED
        self._log(kind, key, text, reply, outcome, message)
        return outcome, message

    def _log(self, kind: Kind, key: str, text: str, reply: Reply, outcome: Outcome, message: Shown | None) -> None:
        who, times = self.person.who, (reply.began_s, reply.ended_s)
        channel = "" if kind is Kind.PROFILE else self.channel
        self.person.load.history.attempts.append(Attempt(kind, who, channel, key, text, *times, outcome, reply.process, message))

    def _forgets(self) -> bool:
        load = self.person.load
        return load.plan.control is Control.WRITE_BEHIND and load.random.random() < FORGOTTEN_SHARE


def _mistake(reply: Reply, field: str) -> str:
    """Return the code of the payload's first user error, empty where there is none."""
    mistakes = reply.data[field]["userErrors"] if not reply.code else []
    return str(mistakes[0]["code"]) if mistakes else ""
