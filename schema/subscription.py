"""The subscriptions."""

from collections.abc import AsyncGenerator

import strawberry

from realtime.pacing import ClientActivity
from resolvers import sync as syncing
from resolvers.sync_page import SyncPage as Page
from resolvers.sync_request import sync_request
from schema.arguments import Activity, ChannelIds, Limit, Token, is_given
from schema.context import Info
from schema.sync import SyncPage


@strawberry.type(description="What can be waited for, over a connection that stays open.")
class Subscription:
    @strawberry.subscription(
        description="Starts with what changed since `token`, then one page per change. Nothing is lost in between.",
        graphql_type=SyncPage,
    )
    async def sync(
        self,
        info: Info,
        token: Token = None,
        channel_ids: ChannelIds = None,
        activity: Activity = ClientActivity.ACTIVE,
        limit: Limit = 100,
    ) -> AsyncGenerator[Page, None]:
        given = activity if is_given(info, "activity") else None
        return syncing.pages(info.context, sync_request(token, channel_ids, None, limit, given))
