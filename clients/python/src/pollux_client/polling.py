"""Polling and long polling: a page is an answer to a request over HTTP."""

import json
from collections.abc import Mapping
from typing import Any

from pollux_client.documents import SYNC
from pollux_client.following import Carrier, Receiver
from pollux_client.http import Http
from pollux_client.protocol.actions import Request, Transport
from pollux_client.provider import RealtimeProvider


class Polls:
    """Asks, and shows the tag of the answer it holds, so that an unchanged one costs no body."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._held: tuple[str, str] | None = None

    async def carry(self, request: Request, bearer: str, to: Receiver) -> None:
        variables: Mapping[str, Any] = {
            "token": request.token,
            "channelIds": request.channel_ids,
            "waitMs": request.wait_ms,
        }
        asked = json.dumps(variables)
        etag = self._held[1] if self._held is not None and self._held[0] == asked else None
        answer = await self._http.ask(SYNC, variables, bearer=bearer, etag=etag, wait_ms=request.wait_ms)
        if answer.data is None:
            to.not_modified(answer.interval_ms)
        else:
            to.page(answer.data)
            self._held = None if answer.etag is None else (asked, answer.etag)


class PollingProvider(RealtimeProvider):
    """Asks again after each interval that the server names."""

    transport = Transport.POLLING

    def _carrier(self, http: Http) -> Carrier:
        return Polls(http)


class LongPollingProvider(RealtimeProvider):
    """Lets the server hold the answer until there is news."""

    transport = Transport.LONG_POLLING

    def _carrier(self, http: Http) -> Carrier:
        return Polls(http)
