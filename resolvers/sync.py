"""Sync: everything that changed for a viewer since a token; at once, when there is something, or page after page.

Rule: a poll, a poll that is held and a subscription are the same looks and the same pages. Whoever waits does so beyond
the places of their last look, so that nothing falls between a look and a wait.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from realtime.pacing import ClientActivity
from resolvers.context import Context
from resolvers.sync_look import Look, look
from resolvers.sync_page import SyncPage, page_of
from resolvers.sync_request import SyncRequest


async def sync(ctx: Context, request: SyncRequest) -> SyncPage:
    """Return a page of what is new; with `wait_ms` as soon as there is some, or what there is then. Raises Unavailable."""
    ctx.depends.unkept()  # a token is asked with once
    if request.wait_ms:
        return await page_of(ctx, request, await _held(ctx, request))
    found = await look(ctx.services, ctx.viewer.user_id, request)
    Seen(ctx, request).there(found)
    return await page_of(ctx, request, found)


async def pages(ctx: Context, request: SyncRequest) -> AsyncIterator[SyncPage]:
    """Yield what is new since the token, then a page for each change, until the server stops. Raises Unavailable.

    `ctx` is renewed for each page, so that each speaks of a moment of its own.
    """
    wake, seen = ctx.services.wake, Seen(ctx, request)
    request = request._replace(wait_ms=1)
    started = False
    with wake.begin(seen.again, held=False) as waits:
        while True:
            since = wake.now
            found = await look(ctx.services, ctx.viewer.user_id, request, pulse=not started)
            seen.there(found)
            if not started or not found.waits:
                ctx.renewed()
                page = await page_of(ctx, request, found)
                further = page.token != request.token
                started, request = True, request._replace(token=page.token)
                yield page
                if page.has_more and further:
                    continue
            if not await waits.wait(found.places(), since=since, until_s=None):
                return


async def _held(ctx: Context, request: SyncRequest) -> Look:
    """Return the first look that finds something, or the last one within the time there is."""
    wake, seen = ctx.services.wake, Seen(ctx, request)
    until_s = ctx.began_s + request.wait_ms / 1000
    found = None
    with wake.begin(seen.again, held=True) as waits:
        while True:
            since = wake.now
            # Who was woken mostly finds something, of which the pulse would only say that it is there.
            found = await look(ctx.services, ctx.viewer.user_id, request, pulse=found is None)
            seen.there(found)
            if not found.waits or not await waits.wait(found.places(), since=since, until_s=until_s):
                return found
            ctx.mutated()
            ctx.depends.unkept()


@dataclass(slots=True)
class Seen:
    """Shows a viewer as present while they wait, and in the channels that they name."""

    ctx: Context
    request: SyncRequest
    channel_ids: list[int] | None = None

    def there(self, found: Look) -> None:
        """Show the viewer where a look found them to belong."""
        self.channel_ids = found.present_in(self.request.named or ())
        self._touch()

    def again(self) -> None:
        """Show the viewer once more: who waits is there."""
        if self._shown:
            self.ctx.services.presence.seen(self.ctx.viewer.user_id)
            self._touch()

    @property
    def _shown(self) -> bool:
        return (self.request.activity or self.ctx.activity) is not ClientActivity.BACKGROUND

    def _touch(self) -> None:
        if self._shown:
            for channel_id in self.channel_ids or ():
                self.ctx.services.presence.touch(channel_id, self.ctx.viewer.user_id)
