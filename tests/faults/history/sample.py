"""A correct history made by hand, for the checker's own test to damage."""

from tests.faults.history.records import Answer, Attempt, History, Kind, Outcome, Shown, Way

ROOM, DEN = "room", "den"
PAGE = 7


def shown(seq: int, *, version: int | None = None, content: str | None = None, author: str = "Ann 0", **more: object) -> Shown:
    """Return message `seq` as first sent, or as changed."""
    text = f"text {seq}" if content is None else content
    node = Shown(f"id{seq}", seq, f"cursor{seq}", version or seq, text, author, f"key{seq}", deleted=False)
    return node._replace(**more)  # type: ignore[arg-type]  # the names of its fields


def sent(seq: int, began_s: float, ended_s: float, outcome: Outcome = Outcome.ACKED, channel: str = ROOM) -> Attempt:
    """Return an attempt of ann's to send message `seq`."""
    place = shown(seq) if outcome is Outcome.ACKED else None
    return Attempt(Kind.SEND, "ann", channel, f"key{seq}", f"text {seq}", began_s, ended_s, outcome, 0, place)


def changed(kind: Kind, seq: int, node: Shown | None, began_s: float, ended_s: float, outcome: Outcome = Outcome.ACKED) -> Attempt:
    """Return an attempt to edit or delete message `seq`, acknowledged as `node`."""
    text = node.content if node is not None else "changed"
    return Attempt(kind, "ann", ROOM, f"key{seq}", text, began_s, ended_s, outcome, 0, node)


def named(name: str, began_s: float, ended_s: float) -> Attempt:
    return Attempt(Kind.PROFILE, "ann", "", "", name, began_s, ended_s, Outcome.ACKED, 0)


def moved(kind: Kind, who: str, channel: str, began_s: float, ended_s: float) -> Attempt:
    return Attempt(kind, who, channel, "", "", began_s, ended_s, Outcome.ACKED, 0)


def page(client: str, first: int, last: int, began_s: float, *, head: int, way: Way = Way.FOLLOW) -> Answer:
    """Return the page first..last, asked for with the cursor before `first`."""
    nodes = tuple(shown(seq) for seq in range(first, last + 1))
    after = None if first == 1 or way is Way.NEWEST else f"cursor{first - 1}"
    end = nodes[-1].cursor if nodes else after or "cursor0"
    return Answer(client, client, 0, ROOM, way, began_s, began_s + 0.5, after, end, nodes, more=last < head)


def correct_history(sends: int = 20) -> History:
    """Message n is begun at 10n and acknowledged at 10n + 1; three clients follow, one looks at the newest; an audit."""
    history = History(private={DEN})
    history.attempts = [named("Ann 0", 1, 2), *(sent(seq, 10 * seq, 10 * seq + 1) for seq in range(1, sends + 1))]
    for reader, client in enumerate(("bob", "cy", "dan")):
        told = 0
        for step in range(1, sends + 1):
            if (step + reader) % (reader + 1) == 0 or step == sends:
                last = min(step, told + PAGE)
                history.answers.append(page(client, told + 1, last, 10 * step + 2 + reader, head=step))
                told = last
        while told < sends:
            last = min(sends, told + PAGE)
            history.answers.append(page(client, told + 1, last, 10 * sends + 6 + told / 100, head=sends))
            told = last
        history.answers.append(page(client, sends + 1, sends, 10 * sends + 8, head=sends))
    history.answers += [page("eve", max(1, n - 4), n, 10 * n + 5, head=n, way=Way.NEWEST) for n in range(1, sends + 1)]
    history.answers.append(page("audit", 1, sends, max(10_000, 20 * sends), head=sends, way=Way.AUDIT))
    return history
