"""People: the viewer, and whoever appears as author, member or actor."""

from asyncio import gather
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cache.dependencies import Level
from models import ids
from models.cursor import CursorKind
from models.errors import BadUserInput, NotFound
from models.read_watch import declared
from models.text import searched
from models.user import Profile, search_users
from resolvers.context import Context
from resolvers.paging import Connection, Edge, PageRequest, forward_connection

DEFAULT_FOUND = 20


class UserView(NamedTuple):
    """What everyone sees of a person, each field made when it is asked for."""

    profile: Profile

    @property
    def user_id(self) -> int:
        return self.profile.user_id

    @property
    def id(self) -> str:
        return ids.encode(ids.UserId(self.profile.uid))

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def image(self) -> str | None:
        return self.profile.image


async def viewer(ctx: Context) -> UserView:
    """Return the bearer of the token."""
    return (await users(ctx, [ctx.viewer.user_id]))[ctx.viewer.user_id]


async def users(ctx: Context, user_ids: Iterable[int]) -> dict[int, UserView]:
    """Return people by their internal id."""
    return {user_id: UserView(profile) for user_id, profile in (await ctx.profiles(user_ids)).items()}


async def find_user(ctx: Context, node: ids.UserId) -> UserView | None:
    """Return a person by node id, else None."""
    profile = await ctx.profile_of_uid(node.hash_hex)
    return UserView(profile) if profile is not None else None


async def found_users(ctx: Context, text: str, request: PageRequest) -> Connection[UserView]:
    """Return people whose name contains `text`, longest known first. Raises BadUserInput, InvalidCursor, Unavailable."""
    limit = request.size(DEFAULT_FOUND)
    cursors = ctx.services.cursors
    after_id = cursors.decode(CursorKind.FOUND_USERS, 0, request.after)[0] if request.after is not None else 0
    wanted = searched(text, "text")
    ctx.depends.unkept()  # who is not found has no version
    ctx.depends.reached(Level.STORE)
    await ctx.inbox()  # its head says up to which change of profiles people are known
    with declared():
        found = await search_users(ctx.services.db, wanted, limit=limit + 1, after_id=after_id)
    people = await users(ctx, found[:limit])
    edges = [Edge(cursors.encode(CursorKind.FOUND_USERS, 0, user_id), people[user_id]) for user_id in found[:limit]]
    return forward_connection(edges, request, more=len(found) > limit)


async def user_ids_of(ctx: Context, node_ids: Sequence[str], argument: str) -> list[int]:
    """Return internal ids of people, each once, in the order given.

    Raises BadUserInput for what is no user's id, NotFound for a user there is not.
    """
    hashes = []
    for text in dict.fromkeys(node_ids):
        node = ids.decode(text)
        if not isinstance(node, ids.UserId):
            raise BadUserInput(f"{argument} holds an id that is not a user's.")
        hashes.append(node.hash_hex)
    found = await gather(*(ctx.profile_of_uid(hash_hex) for hash_hex in hashes))
    known = [profile.user_id for profile in found if profile is not None]
    if len(known) != len(hashes):
        raise NotFound
    return known
