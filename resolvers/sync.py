"""Sync: everything that changed for a viewer since a token; at once, when there is something, or page after page.

Rule: a poll, a poll that is held and a subscription are the same looks and the same pages. Whoever waits does so beyond
the places of their last look, so that nothing falls between a look and a wait.
"""

from asyncio import sleep
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from models.errors import Unavailable
from realtime.pacing import ClientActivity
from realtime.rates import Expected
from realtime.wake import Stopped
from resolvers.context import SERVICE_ROLES, Context
from resolvers.sync_look import Look, Quiet, look
from resolvers.sync_page import SyncPage, expected_of, page_of
from resolvers.sync_request import SyncRequest


async def sync(ctx: Context, request: SyncRequest) -> SyncPage:
    """Return a page of what is new; with `wait_ms` as soon as there is some, or what there is then. Raises Unavailable."""
    if request.wait_ms:
        ctx.depends.unkept()  # whoever waits is answered once
        waited, expected = await _held(ctx, request)
        ctx.depends.held = True
        return await page_of(ctx, request, waited, expected)
    found = await look(ctx.services, ctx.viewer.user_id, request)
    seen = Seen(ctx, request)
    seen.there(found)
    if isinstance(found, Quiet):
        ctx.depends.quiet(found.inbox, found.heads, found.token.mark)
        ctx.depends.seen_in.update(seen.channel_ids if seen.shows else ())
    else:
        ctx.depends.unkept()  # a token that brings something is asked with once
    return await page_of(ctx, request, found)


async def pages(ctx: Context, request: SyncRequest) -> AsyncGenerator[SyncPage, None]:
    """Yield what is new since the token, then a page for each change. Raises Unavailable before the first, Stopped at the end.

    `ctx` is renewed for each page, so that each speaks of a moment of its own.
    """
    wake, seen, epoch_hex = ctx.services.wake, Seen(ctx, request), ctx.services.lineage.epoch_hex
    request = request._replace(wait_ms=1)
    started, found = False, None
    with wake.begin(seen.again, held=False) as waits:
        while True:
            since = wake.now
            try:
                found = await look(ctx.services, ctx.viewer.user_id, request, before=found if started else None)
                ctx.renewed()
                page = None if started and found.waits else await page_of(ctx, request, found)
            except Unavailable as error:
                if not started:
                    raise
                await sleep(error.retry_after_ms / 1000)
                continue
            if ctx.services.lineage.epoch_hex != epoch_hex:
                raise Stopped(server_stops=wake.closing)
            seen.there(found)
            if page is not None:
                further = page.token != request.token
                started, request = True, request._replace(token=page.token)
                yield page
                if page.has_more and further:
                    continue
            if not await waits.wait(found.places(), since=since, until_s=None):
                raise Stopped(server_stops=wake.closing)


async def _held(ctx: Context, request: SyncRequest) -> tuple[Look, Expected | None]:
    """Return the first look that finds something, or the last one within the time there is, and what was expected before.

    That is looked up while there is time: one message may wake thousands, and the last of them waits for all others.
    """
    wake, seen, epoch_hex = ctx.services.wake, Seen(ctx, request), ctx.services.lineage.epoch_hex
    until_s = ctx.began_s + request.wait_ms / 1000
    viewer = ctx.viewer
    with wake.begin(seen.again, held=True, owner=None if viewer.roles & SERVICE_ROLES else viewer.user_id) as waits:
        since = wake.now
        found = await look(ctx.services, ctx.viewer.user_id, request)
        seen.there(found)
        expected = expected_of(ctx, found) if request.named is None else None
        while found.waits and await waits.wait(found.places(), since=since, until_s=until_s):
            ctx.mutated()
            ctx.depends.unkept()
            since = wake.now
            again = await look(ctx.services, ctx.viewer.user_id, request, before=found)
            if ctx.services.lineage.epoch_hex != epoch_hex:
                break  # the next poll comes by a viewer who is known in the new epoch
            found = again
            if found.waits:
                seen.there(found)
        return found, expected


@dataclass(slots=True)
class Seen:
    """Shows a viewer as present while they wait, and in the channels that they name."""

    ctx: Context
    request: SyncRequest
    channel_ids: list[int] = field(default_factory=list)

    def there(self, found: Look) -> None:
        """Show the viewer where a look found them to belong."""
        self.channel_ids = found.present_in(self.request.named or ())
        self.again()

    @property
    def shows(self) -> bool:
        """Whether the viewer is to be shown."""
        return (self.request.activity or self.ctx.activity) is not ClientActivity.BACKGROUND

    def again(self) -> None:
        """Show the viewer once more: who waits is there."""
        if not self.shows:
            return
        presence, user_id = self.ctx.services.presence, self.ctx.viewer.user_id
        presence.seen(user_id)
        for channel_id in self.channel_ids:
            presence.touch(channel_id, user_id)
