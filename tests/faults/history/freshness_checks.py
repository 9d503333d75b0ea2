"""Freshness: an answer that began after an acknowledgement shows it, and no client ever goes back.

Rule: linear in what was shown, with a binary search for each floor. A message is held to what was acknowledged before
the request began, and to what the same client saw before.
"""

from tests.faults.history.ledger import Ledger
from tests.faults.history.records import Answer, Attempt, History, Shown, Way
from tests.faults.history.violations import Fault, Violations


class FreshnessChecks:
    """One pass over the acknowledgements and one over the answers of each client, in the order they were asked."""

    def __init__(self, history: History, ledger: Ledger, found: Violations) -> None:
        self._history = history
        self._ledger = ledger
        self._found = found
        self._states: dict[tuple[str, str, int], tuple[str, bool]] = {}  # channel, key and version -> content and deleted
        self._seq_of_cursor: dict[tuple[str, str], int] = {}
        self._head_seen: dict[tuple[str, str], int] = {}
        self._version_seen: dict[tuple[str, str, str], int] = {}
        # The latest name seen before the present batch, that batch, and the latest seen with it.
        self._name_seen: dict[tuple[str, str], tuple[int, object, int]] = {}

    def check(self) -> None:
        for attempt in self._history.attempts:
            if attempt.shown is not None:
                self._acknowledged(attempt, attempt.shown)
        for answer in sorted(self._history.answers, key=lambda one: one.began_s):
            self._membership(answer)
            if answer.visible:
                for node in answer.nodes:
                    self._message(answer, node)
                self._head(answer)

    def _acknowledged(self, attempt: Attempt, shown: Shown) -> None:
        self._state(attempt.channel, shown)
        self._name(f"the ack for {attempt.who}", None, attempt.who, shown.author, attempt.began_s)

    def _membership(self, answer: Answer) -> None:
        if answer.visible and answer.member is None and answer.channel not in self._history.private:
            return
        membership = self._ledger.members.get((answer.who, answer.channel))
        certain = membership.during(answer.began_s, answer.ended_s) if membership is not None else None
        if certain is None:
            return
        what = f"{answer.client} asked as {answer.who} in {answer.channel}, {'in' if certain else 'out'} since before"
        if answer.channel in self._history.private and answer.visible and not certain:
            self._found.add(Fault.LEAKED, what)
        elif answer.visible != (certain or answer.channel not in self._history.private):
            self._found.add(Fault.STALE, f"{what}, and could{'' if answer.visible else ' not'} see it")
        elif answer.member is not None and answer.member != certain:
            self._found.add(Fault.STALE, f"{what}, and was shown the opposite")

    def _head(self, answer: Answer) -> None:
        channel = answer.channel
        for node in answer.nodes:
            self._seq_of_cursor[channel, node.cursor] = node.seq
        shown = max((node.seq for node in answer.nodes), default=0)
        if not answer.nodes and answer.after is not None:
            shown = self._seq_of_cursor.get((channel, answer.after), 0)
        seen = self._head_seen.get((answer.client, channel), 0)
        self._head_seen[answer.client, channel] = max(seen, shown)
        if answer.more and answer.nodes:
            return
        due = self._ledger.heads[channel].at(answer.began_s)
        if shown < due:
            self._found.add(Fault.STALE, f"{answer.client} was shown {channel} up to {shown} after {due} was acknowledged")
        if shown < seen and answer.way is not Way.AUDIT:
            self._found.add(Fault.BACKWARD, f"{answer.client} was shown {channel} up to {shown} after {seen}")

    def _message(self, answer: Answer, node: Shown) -> None:
        channel = answer.channel
        message = self._ledger.messages.get((channel, node.key))
        where = f"{node.key} at {channel} {node.seq}"
        if message is None or message.refused:
            self._found.add(Fault.PHANTOM, f"{where}, {'never attempted' if message is None else 'refused'}")
            return
        possible = message.deletable and not node.content if node.deleted else node.content in message.contents
        if not possible or answer.ended_s < message.began_s:
            self._found.add(Fault.PHANTOM, f"{where} in a state that nobody had made by then")
        floor = self._ledger.versions.get((channel, node.key))
        due = floor.at(answer.began_s) if floor is not None else 0
        if node.version < due or (message.deleted_s < answer.began_s and not node.deleted):
            self._found.add(Fault.STALE, f"{answer.client} was shown {where} in version {node.version}, not {due} or deleted")
        if node.deleted or message.deletable or len(message.contents) > 1:
            self._state(channel, node)
            seen = self._version_seen.get((answer.client, channel, node.key), 0)
            if node.version < seen:
                self._found.add(Fault.BACKWARD, f"{answer.client} was shown {where} in version {node.version} after {seen}")
            self._version_seen[answer.client, channel, node.key] = max(seen, node.version)
        self._name(answer.client, answer, message.who, node.author, answer.began_s)

    def _state(self, channel: str, node: Shown) -> None:
        state = (node.content, node.deleted)
        if self._states.setdefault((channel, node.key, node.version), state) != state:
            self._found.add(Fault.MIXED, f"{node.key} in {channel} has two states in version {node.version}")

    def _name(self, reader: str, answer: Answer | None, who: str, name: str, began_s: float) -> None:
        names = self._ledger.names.get(who)
        if names is None:
            return
        step = names.step.get(name)
        if step is None:
            self._found.add(Fault.PHANTOM, f"{reader} was shown {who} as {name}, which nobody is called")
            return
        if step < names.floor.at(began_s):
            self._found.add(Fault.STALE, f"{reader} was shown {who} as {name}, an earlier name")
        if answer is not None:
            batch = answer.batch or object()
            before, last, highest = self._name_seen.get((answer.client, who), (0, batch, 0))
            if last != batch:
                before = highest
            if step < before:
                self._found.add(Fault.BACKWARD, f"{reader} was shown {who} as {name} after a later name")
            self._name_seen[answer.client, who] = before, batch, max(highest, step)
