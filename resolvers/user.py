"""People: the viewer, and whoever appears as author, member or actor."""

from asyncio import gather
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models import ids
from models.errors import BadUserInput, NotFound
from models.user import Profile
from resolvers.context import Context


@dataclass(frozen=True, slots=True)
class UserView:
    user_id: int
    id: str
    name: str
    image: str | None


def user_view(profile: Profile) -> UserView:
    """Return what everyone sees of a person."""
    return UserView(profile.user_id, ids.encode(ids.UserId(profile.uid)), profile.name, profile.image)


async def viewer(ctx: Context) -> UserView:
    """Return the bearer of the token."""
    return (await users(ctx, [ctx.viewer.user_id]))[ctx.viewer.user_id]


async def users(ctx: Context, user_ids: Iterable[int]) -> dict[int, UserView]:
    """Return people by their internal id."""
    return {user_id: user_view(profile) for user_id, profile in (await ctx.profiles(user_ids)).items()}


async def find_user(ctx: Context, node: ids.UserId) -> UserView | None:
    """Return a person by node id, else None."""
    profile = await ctx.profile_of_uid(node.hash_hex)
    return user_view(profile) if profile is not None else None


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
