"""The vectors that every client library reads, against this one."""

from typing import Any

import pytest
from vectors import VECTORS, Json, page_of

from pollux_client.events import (
    ChannelChanged,
    ChannelRemoved,
    Checkpoint,
    Event,
    Gap,
    Head,
    InboxChanged,
    MessageCreated,
    MessageDeleted,
    MessageUpdated,
    NotificationCreated,
    NotificationUpdated,
    Offline,
    Online,
    Position,
    Reset,
    Stale,
)
from pollux_client.protocol.actions import Action, Cancel, GiveUp, Output, Request, Transport
from pollux_client.protocol.backoff import backoff_ms
from pollux_client.protocol.failure import Failure, Kind, kind_of
from pollux_client.protocol.send import Attempt, Refused, SendMachine
from pollux_client.protocol.sync import SyncMachine


def position_of(given: Json | None) -> Position | None:
    if given is None:
        return None
    heads = {key: Head(head["seq"], head["cursor"]) for key, head in given["heads"].items()}
    return Position(given["token"], heads, given.get("whole", True))


def failure_of(given: Json) -> Failure:
    return Failure(Kind(given["kind"]), given.get("code"), given.get("retryAfterMs"))


def said(event: Event) -> dict[str, object]:
    """Return what a vector says of an event."""
    match event:
        case Offline():
            return {"type": "offline", "code": event.code, "retryAt": event.retry_at_ms}
        case Online():
            return {"type": "online"}
        case Reset():
            return {"type": "reset", "reason": event.reason}
        case ChannelRemoved():
            return {"type": "channelRemoved", "channelId": event.channel_id}
        case ChannelChanged():
            return {"type": "channel", "channelId": event.channel.id}
        case Stale():
            return {"type": "stale", "channelId": event.channel_id, "before": event.before}
        case Gap():
            return {
                "type": "gap",
                "channelId": event.channel_id,
                "after": event.after,
                "before": event.before,
                "until": event.until,
            }
        case MessageCreated(m, fresh):
            return {"type": "messageCreated", "channelId": m.channel_id, "seq": m.seq, "version": m.version, "fresh": fresh}
        case MessageUpdated(m):
            return {"type": "messageUpdated", "channelId": m.channel_id, "seq": m.seq, "version": m.version}
        case MessageDeleted(m):
            return {"type": "messageDeleted", "channelId": m.channel_id, "seq": m.seq, "version": m.version}
        case NotificationCreated(n, fresh):
            return {"type": "notificationCreated", "id": n.id, "fresh": fresh}
        case NotificationUpdated(n):
            return {"type": "notificationUpdated", "id": n.id}
        case InboxChanged(inbox):
            return {"type": "inbox", "unseenCount": inbox.unseen_count, "unreadCount": inbox.unread_count}
        case Checkpoint(position, caught_up):
            return {"type": "checkpoint", "token": position.token, "caughtUp": caught_up}


def done(action: Action) -> dict[str, object]:
    """Return what a vector says of an action."""
    match action:
        case Request():
            asked: dict[str, object] = {
                "do": "request", "id": action.id, "token": action.token, "waitMs": action.wait_ms, "stream": action.stream,
                "channelIds": None if action.channel_ids is None else list(action.channel_ids),
            }  # fmt: skip
            return {**asked, "renewToken": True} if action.renew_token else asked
        case Cancel():
            return {"do": "cancel", "id": action.id}
        case GiveUp():
            return {"do": "giveUp", "code": action.code}


def put_in(machine: SyncMachine, now: int, given: Json) -> Output:
    match given["type"]:
        case "page":
            return machine.page(now, given["id"], page_of(given["page"]))
        case "notModified":
            return machine.not_modified(now, given["id"], given["intervalMs"])
        case "opened":
            return machine.opened(now, given["id"])
        case "failed":
            return machine.failed(now, given["id"], failure_of(given["failure"]))
        case "scope":
            return machine.rescope(now, given["channelIds"])
        case kind:
            inputs = {
                "start": machine.start, "tick": machine.tick, "close": machine.close, "hidden": machine.hide,
                "visible": machine.show, "offline": machine.network_lost, "online": machine.network_back,
            }  # fmt: skip
            return inputs[kind](now)


def named(kind: str) -> list[Any]:
    return [pytest.param(one, id=one["name"]) for one in VECTORS[kind]]


@pytest.mark.parametrize("vector", VECTORS["backoff"], ids=lambda one: f"{one['failures']}-{one['random']}-{one['retryAfterMs']}")
def test_backoff(vector: Json) -> None:
    wait = backoff_ms(
        vector["failures"], vector["random"], interval_ms=vector["intervalMs"], retry_after_ms=vector["retryAfterMs"]
    )  # fmt: skip
    assert wait == vector["waitMs"]


@pytest.mark.parametrize("vector", VECTORS["classify"], ids=lambda one: "-".join(map(str, one["given"].values())) or "nothing")
def test_what_a_failure_is(vector: Json) -> None:
    given = vector["given"]
    found = kind_of(status=given.get("status"), code=given.get("code"), close_code=given.get("closeCode"))
    assert found is Kind(vector["kind"])


@pytest.mark.parametrize("scenario", named("sync"))
def test_sync(scenario: Json) -> None:
    numbers = iter(scenario["random"])
    machine = SyncMachine(
        Transport(scenario["transport"]),
        random=lambda: next(numbers),
        position=position_of(scenario["position"]),
        channel_ids=scenario.get("channelIds"),
        token_renewable=scenario.get("tokenRenewable", True),
    )
    for step in scenario["steps"]:
        output = put_in(machine, step["at"], step["in"])
        assert [done(one) for one in output.actions] == step.get("actions", []), step
        found, expected = [said(one) for one in output.events], step.get("events", [])
        assert found == expected, step
        assert machine.wake_at == step.get("wakeAt"), step
    assert list(numbers) == []
    if "then" in scenario:
        assert machine.position == position_of(scenario["then"])


@pytest.mark.parametrize("scenario", named("send"))
def test_send(scenario: Json) -> None:
    numbers = iter(scenario["random"])
    machine = SendMachine(random=lambda: next(numbers), token_renewable=scenario.get("tokenRenewable", True))
    for step in scenario["steps"]:
        given, now = step["in"], step["at"]
        made: Attempt | Refused | None = None
        actions: list[dict[str, object]] = []
        match given["type"]:
            case "start":
                made = machine.start()
            case "tick":
                made = machine.tick(now)
            case "online":
                made = machine.connected()
            case "failed":
                made = machine.failed(now, failure_of(given["failure"]))
            case "acknowledged":
                machine.acknowledged()
                actions = [{"do": "done"}]
            case other:
                raise AssertionError(other)
        match made:
            case Attempt():
                actions = [{"do": "send", "attempt": made.number, **({"renewToken": True} if made.renew_token else {})}]
            case Refused():
                actions = [{"do": "fail", "code": made.failure.code or "UNAUTHENTICATED"}]
        assert actions == step.get("actions", []), step
        assert machine.wake_at == step.get("wakeAt"), step
    assert list(numbers) == []
