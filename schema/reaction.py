"""ReactionGroup: an emoji at a message, and how many people used it."""

import strawberry

from resolvers import reaction as reactions
from resolvers.reaction import ReactionView
from schema.context import Info


@strawberry.type(description="An emoji with which people answered a message.")
class ReactionGroup:
    emoji: str = strawberry.field(description="One emoji, fully qualified: with U+FE0F wherever Unicode has it.")
    count: int = strawberry.field(description="How many people used it; at least 1.")

    @strawberry.field(description="Whether the viewer is among them.")
    async def viewer_has_reacted(self, info: Info, root: strawberry.Parent[ReactionView]) -> bool:
        return await reactions.viewer_has_reacted(info.context, root)
