"""Finding a channel by what was typed: its id, or its name."""

from pollux_client import reading
from pollux_client.documents import CHANNEL, CHANNELS
from pollux_client.errors import BadUserInput, NotFound, error_of
from pollux_client.protocol.failure import Kind
from pollux_client.provider import RealtimeProvider
from pollux_client.records import Channel


async def find_channel(provider: RealtimeProvider, typed: str) -> Channel:
    """Return the channel with this id or name, of the viewer's own and of the public ones. Raises NotFound, PolluxError."""
    if not typed.startswith("#"):
        try:
            found = (await provider.execute(CHANNEL, {"id": typed})).get("channel")
        except (BadUserInput, NotFound):  # what was typed is no id
            found = None
        if found is not None:
            return _channel(found)
    name = typed.removeprefix("#")
    answer = await provider.execute(CHANNELS, {"name": name})
    listed = [_channel(one) for field in ("channels", "searchChannels") for one in answer[field]["nodes"]]
    named = {one.id: one for one in listed if one.name.casefold() == name.casefold()}
    if len(named) == 1:
        return next(iter(named.values()))
    if named:
        ids = ", ".join(named)
        raise NotFound(f"several channels are named {name}; say which by its id: {ids}", code="NOT_FOUND")
    raise NotFound(f"there is no channel {typed}, or you may not see it", code="NOT_FOUND")


def _channel(found: object) -> Channel:
    try:
        return reading.read(reading.channel, found)
    except ValueError as error:
        raise error_of(str(error), code="BAD_ANSWER", kind=Kind.FINAL) from error
