"""The machine that decides when to ask for a page, and gives what is news in it.

Rule: at most one request is under way, and none is asked sooner than the server, the last failure, the system's word
about its network and the user's absence allow. `clients/VECTORS.md` numbers the rules that this file keeps.
"""

from collections.abc import Callable, Sequence
from math import floor

from pollux_client.events import Event, Offline, Online, Position
from pollux_client.protocol.actions import Action, Cancel, GiveUp, Output, Request, Transport
from pollux_client.protocol.backoff import backoff_ms
from pollux_client.protocol.failure import Failure, Kind
from pollux_client.protocol.intake import Intake
from pollux_client.records import PollingInterval, SyncPage

# The server's bound is 30 s; proxies commonly cut what is silent for 30.
HELD_MS = 25_000
# Two requests begin at least this far apart, save those for more of what is waiting.
APART_MS = 100
# A held poll that ended sooner than this part of its wait was let go, not answered.
WHOLE_WAIT = 0.9
# What was interrupted is asked again, and a token renewed, at most once a second.
INTERRUPTED_MS = 1000
# A stream that held this long has succeeded, even if nothing happened in it.
STABLE_MS = 10_000
UNKNOWN_INTERVAL = PollingInterval(5000, "STEADY")


class SyncMachine:
    """Each method is an input; `now` is in ms on a clock that starts anywhere and never goes back.

    `wake_at` is when `tick` is due, None while it waits for another input. `random` gives numbers from 0 up to 1.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        random: Callable[[], float],
        position: Position | None = None,
        channel_ids: Sequence[str] | None = None,
        token_renewable: bool = True,
    ) -> None:
        self.transport = transport
        self.interval = UNKNOWN_INTERVAL
        self.under_way: Request | None = None
        self._random = random
        self._phase = random()
        self._intake = Intake(position)
        self._token = self._intake.position.token
        self._channel_ids = None if channel_ids is None else tuple(channel_ids)
        self._renewable = token_renewable
        self._due: int | None = None
        self._no_sooner = 0
        self._requests = 0
        self._began = -INTERRUPTED_MS
        self._opened: int | None = None
        self._failures = 0
        self._renewed: int | None = None
        self._renew_next = self._believed = False
        self._said: bool | None = None
        self._network = self._visible = True
        self.ended = False

    @property
    def position(self) -> Position:
        """Where everything was given."""
        return self._intake.position

    @property
    def online(self) -> bool:
        """Whether the last thing said about the connection is that it stands."""
        return self._said is True

    @property
    def wake_at(self) -> int | None:
        if self.ended or self.under_way is not None or not (self._network and self._visible):
            return None
        return self._due

    def start(self, now: int) -> Output:
        """Begin."""
        if not self.ended and self._due is None and self.under_way is None:
            self._due = now
        return self._output(now)

    def tick(self, now: int) -> Output:
        """Let time pass."""
        return self._output(now)

    def page(self, now: int, request_id: int, page: SyncPage) -> Output:
        """An answer, or a page of a stream."""
        asked = self._answered(request_id)
        if asked is None:
            return Output()
        events = [*self._succeeded(), *self._intake.take(page, asked=self._token)]
        news, more = page.token != self._token, page.has_more and page.token != self._token
        self._token, self.interval = page.token, page.polling_interval
        if not asked.stream:
            self._ended_with_answer(now, asked, news=news, more=more)
        return self._output(now, events=events)

    def not_modified(self, now: int, request_id: int, interval_ms: int | None) -> Output:
        """Status 304: nothing is new."""
        asked = self._answered(request_id)
        if asked is None:
            return Output()
        if interval_ms is not None:
            self.interval = PollingInterval(interval_ms, self.interval.reason, self.interval.active_users)
        events = self._succeeded()
        self._ended_with_answer(now, asked, news=False, more=False)
        return self._output(now, events=events)

    def opened(self, now: int, request_id: int) -> Output:
        """The stream's subscription is made."""
        if self._answered(request_id) is None:
            return Output()
        self._opened = now
        return self._output(now, events=self._heard())

    def failed(self, now: int, request_id: int, failure: Failure) -> Output:
        """The request, or the stream, came to nothing or to an end."""
        asked = self._answered(request_id)
        if asked is None:
            return Output()
        if self._opened is not None and now - self._opened >= STABLE_MS:
            self._failures = 0
        self.under_way = self._opened = None
        if failure.kind is Kind.FINAL:
            return self._give_up(failure)
        if failure.kind is Kind.IDENTITY:
            if not self._renewable or (self._renewed is not None and not self._believed):
                return self._give_up(failure)
            self._renew_next, self._believed = True, False
            self._due = now if self._renewed is None else max(now, self._renewed + INTERRUPTED_MS)
            return self._output(now)
        later_ms = failure.retry_after_ms
        wait_ms = backoff_ms(self._failures, self._random(), interval_ms=self.interval.milliseconds, retry_after_ms=later_ms)
        if self.transport is Transport.POLLING and self.interval is not UNKNOWN_INTERVAL and not later_ms:
            # A server that comes back would meet all who missed it within the same seconds.
            wait_ms = max(wait_ms, self._until_next_ms)
        self._failures += 1
        self._due = self._apart(now + wait_ms)
        self._no_sooner = self._due if later_ms else 0
        return self._output(now, events=[] if failure.kind is Kind.ENDED else self._lost(failure.code or "NETWORK", self._due))

    def network_lost(self, now: int) -> Output:
        """The system says that there is no network."""
        self._network = False
        return self._output(now, actions=self._interrupt(), events=self._lost("OFFLINE", None))

    def network_back(self, now: int) -> Output:
        """The system says that there is a network."""
        if not self._network:
            self._network, self._failures = True, 0
            if self._due is not None:
                self._due = max(now, self._began + INTERRUPTED_MS, self._no_sooner)
        return self._output(now)

    def hide(self, now: int) -> Output:
        """Nobody looks."""
        self._visible = False
        held = self.under_way is not None and (self.under_way.stream or self.under_way.wait_ms > 0)
        return self._output(now, actions=self._interrupt() if held else [])

    def show(self, now: int) -> Output:
        """Somebody looks."""
        self._visible = True
        return self._output(now)

    def rescope(self, now: int, channel_ids: Sequence[str] | None) -> Output:
        """From now on ask for these channels; None: for all."""
        wanted = None if channel_ids is None else tuple(channel_ids)
        if wanted == self._channel_ids or self.ended:
            return Output()
        self._channel_ids = wanted
        asked = self.under_way
        if asked is None:
            if self._due is not None and self._failures == 0:
                self._due = self._apart(now)
            return self._output(now)
        if not asked.stream and asked.wait_ms == 0:
            return Output()
        actions = self._interrupt()
        self._due = self._apart(now)
        return self._output(now, actions=actions)

    def close(self, now: int) -> Output:
        """The end."""
        actions = self._interrupt()
        self.ended = True
        return Output(tuple(actions))

    def _answered(self, request_id: int) -> Request | None:
        asked = self.under_way
        return asked if asked is not None and asked.id == request_id and not self.ended else None

    def _ended_with_answer(self, now: int, asked: Request, *, news: bool, more: bool) -> None:
        """Set when to ask again."""
        self.under_way = None
        at_once = asked.channel_ids != self._channel_ids
        if self.transport is Transport.LONG_POLLING and self.interval.reason != "LOAD":
            at_once = at_once or news or now - self._began >= WHOLE_WAIT * asked.wait_ms
        if more:
            self._due = now
        else:
            self._due = self._apart(now if at_once else now + self._until_next_ms)

    @property
    def _until_next_ms(self) -> int:
        return floor(max(self.interval.milliseconds, APART_MS) * (1 + self._phase / 10))

    def _apart(self, at: int) -> int:
        return max(at, self._began + APART_MS)

    def _heard(self) -> list[Event]:
        """The server answered."""
        self._believed = True
        if self._said is True:
            return []
        self._said = True
        return [Online()]

    def _succeeded(self) -> list[Event]:
        self._failures = self._no_sooner = 0
        return self._heard()

    def _lost(self, code: str, retry_at: int | None) -> list[Event]:
        if self._said is False or self.ended:
            return []
        self._said = False
        return [Offline(code, retry_at)]

    def _interrupt(self) -> list[Action]:
        """Cancel what is under way."""
        if self.under_way is None or self.ended:
            return []
        cancelled, self.under_way, self._opened = self.under_way, None, None
        self._due = self._began + INTERRUPTED_MS
        return [Cancel(cancelled.id)]

    def _give_up(self, failure: Failure) -> Output:
        self.ended = True
        code = failure.code or ("UNAUTHENTICATED" if failure.kind is Kind.IDENTITY else "BAD_ANSWER")
        return Output((GiveUp(code, failure.message),))

    def _output(self, now: int, *, actions: Sequence[Action] = (), events: Sequence[Event] = ()) -> Output:
        due = self.wake_at
        if due is None or now < due:
            return Output(tuple(actions), tuple(events))
        self._requests += 1
        # Held once the server is known to answer; until then, whether it does is the news.
        held_ms = HELD_MS if self.transport is Transport.LONG_POLLING and self.online else 0
        stream = self.transport is Transport.WEBSOCKET
        asked = Request(self._requests, self._token, self._channel_ids, held_ms, stream, self._renew_next)
        if self._renew_next:
            self._renewed, self._renew_next = now, False
        self.under_way, self._began = asked, now
        return Output((*actions, asked), tuple(events))
