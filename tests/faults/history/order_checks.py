"""Order and truth: every acknowledged message is stored once, at one place, and every reader is shown all of them in order.

Rule: linear in the history but for one sort of the sends. What readers agree on is taken from their answers alone; an
acknowledgement's place is held against it.
"""

from collections import defaultdict

from tests.faults.history.ledger import Ledger, Message
from tests.faults.history.records import Answer, History, Shown, Way
from tests.faults.history.violations import Fault, Violations


class OrderChecks:
    """One pass over the answers, then one over the messages."""

    def __init__(self, ledger: Ledger, found: Violations) -> None:
        self._ledger = ledger
        self._found = found
        self._at: dict[tuple[str, int], tuple[str, str]] = {}  # channel and seq -> id and key
        self._cursors: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
        self._epochs = 1
        self._seqs: dict[tuple[str, str], int] = {}  # channel and key -> seq
        self._seq_of_cursor: dict[tuple[str, str], int] = {}
        self._skipped: list[tuple[Answer, int, int]] = []
        self._audited: defaultdict[tuple[str, str], set[str]] = defaultdict(set)

    def check(self, history: History) -> None:
        self._epochs = history.epochs
        for answer in history.answers:
            if answer.visible:
                self._pages(answer)
        for answer, first, last in self._skipped:
            for seq in range(first, last):
                fault = Fault.LOST if (answer.channel, seq) in self._at else Fault.GAP
                self._found.add(fault, f"{answer.client} was shown nothing at {answer.channel} {seq}, but {last}")
        if history.audited:
            self._audits()
        self._acknowledgements()

    def _pages(self, answer: Answer) -> None:
        channel, nodes = answer.channel, answer.nodes
        if answer.way is not Way.NEWEST:
            self._continues(answer)
        last = 0
        for node in nodes:
            self._place(answer, node)
            if node.seq < last:
                self._found.add(Fault.OUT_OF_ORDER, f"{answer.client} was shown {channel} {node.seq} after {last}")
            elif last and node.seq > last + 1:
                self._skipped.append((answer, last + 1, node.seq))
            elif node.seq == last:
                self._found.add(Fault.DUPLICATED, f"{answer.client} was shown {channel} {node.seq} twice in a page")
            last = max(last, node.seq)
        if answer.way is Way.AUDIT:
            self._audited[answer.client, channel].update(node.key for node in nodes)

    def _continues(self, answer: Answer) -> None:
        """The page begins right behind the cursor it was asked for, and ends with the one it gives."""
        channel, nodes = answer.channel, answer.nodes
        cursor = 0 if answer.after is None else self._seq_of_cursor.get((channel, answer.after))
        if nodes:
            if cursor is None:
                self._found.add(Fault.CURSOR, f"{answer.client} used a cursor in {channel} that nobody was given")
            elif (first := min(node.seq for node in nodes)) <= cursor:
                self._found.add(Fault.DUPLICATED, f"{answer.client} was shown {channel} {first} again after {cursor}")
            elif first > cursor + 1:
                self._skipped.append((answer, cursor + 1, first))
            if answer.end != nodes[-1].cursor:
                self._found.add(Fault.CURSOR, f"{answer.client} got an end cursor in {channel} that is not the last message's")
        elif answer.after is not None and answer.end != answer.after:
            self._found.add(Fault.CURSOR, f"{answer.client} got an empty page of {channel} that does not repeat its cursor")
        elif answer.end is not None and answer.after is None:
            self._seq_of_cursor.setdefault((channel, answer.end), 0)

    def _place(self, answer: Answer, node: Shown) -> None:
        channel = answer.channel
        self._seq_of_cursor.setdefault((channel, node.cursor), node.seq)
        there = self._at.setdefault((channel, node.seq), (node.id, node.key))
        if there != (node.id, node.key):
            self._found.add(Fault.DIFFERENT_ORDER, f"{channel} {node.seq} is {there[1]}, and {node.key} for {answer.client}")
        elif self._seqs.setdefault((channel, node.key), node.seq) != node.seq:
            first = self._seqs[channel, node.key]
            self._found.add(Fault.DUPLICATED, f"{node.key} is stored at {channel} {first} and {node.seq}")
        if node.cursor:  # the store knows none
            cursors = self._cursors[channel, node.seq]
            cursors.add(node.cursor)
            if len(cursors) > self._epochs:
                self._found.add(Fault.CURSOR, f"{channel} {node.seq} has more cursors than there were epochs")

    def _audits(self) -> None:
        """What was acknowledged is in every audit of its channel, and there is one; what was shown too."""
        clients: defaultdict[str, list[str]] = defaultdict(list)
        for client, channel in self._audited:
            clients[channel].append(client)
        for (channel, key), message in self._ledger.messages.items():
            if message.places:
                missing = [client for client in clients[channel] if key not in self._audited[client, channel]]
                if missing or not clients[channel]:
                    self._found.add(Fault.LOST, f"{key} was acknowledged at {channel} {message.places[0]} and is not there")
        for (channel, seq), (_, key) in self._at.items():
            if any(key not in self._audited[client, channel] for client in clients[channel]):
                self._found.add(Fault.PHANTOM, f"{key} was shown at {channel} {seq} and is not stored")

    def _acknowledgements(self) -> None:
        by_channel: defaultdict[str, list[Message]] = defaultdict(list)
        for (channel, key), message in self._ledger.messages.items():
            if not message.places:
                continue
            by_channel[channel].append(message)
            if len(set(message.places)) > 1:
                self._found.add(Fault.RETRY_MOVED, f"{key} was acknowledged at {channel} {sorted(set(message.places))}")
            elif self._seqs.get((channel, key), message.places[0]) != message.places[0]:
                shown = self._seqs[channel, key]
                self._found.add(Fault.DIFFERENT_ORDER, f"{key} was acknowledged at {channel} {message.places[0]}, shown at {shown}")
        for channel, messages in by_channel.items():
            for message in messages:
                before = self._ledger.heads[channel].at(message.began_s)
                if message.places[0] < before:
                    what = f"{message.places[0]} in {channel} was begun after {before} was acknowledged"
                    self._found.add(Fault.WRONG_PLACE, what)
