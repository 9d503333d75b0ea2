"""Rate limits in Redis: of each key the moment up to which its allowance is spent, by Redis's own clock (GCRA).

Rule: one script, so that all keys of a charge are charged or none is, and no two clocks are compared. A key ends by itself
when its allowance is whole again.
"""

from collections.abc import Sequence
from typing import NamedTuple

from cache.redis_level import Redis, reading

# Of each key: how much is charged whatever it leads to, how much only if all keys allow it, and how far ahead of the
# present it may then be; in microseconds of allowance. Returns how long to wait, 0 where all was charged, and how far
# ahead each key is now. A number is written by format: Lua's own way loses digits.
_CHARGE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local wait, ends = 0, {}
for i, key in ipairs(KEYS) do
  local told, asked, ahead = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  ends[i] = math.max(tonumber(redis.call('GET', key) or now), now) + told
  if asked > 0 then wait = math.max(wait, ends[i] + asked - now - ahead) end
end
local found = {string.format('%.0f', wait)}
for i, key in ipairs(KEYS) do
  local told, asked = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1])
  local charged = told
  if wait == 0 then
    ends[i] = ends[i] + asked
    charged = told + asked
  end
  if charged > 0 then redis.call('SET', key, string.format('%.0f', ends[i]), 'PX', math.ceil((ends[i] - now) / 1000) + 1) end
  found[i + 1] = string.format('%.0f', ends[i] - now)
end
return found
"""
# How many processes settled in the last seconds: this one's name and the window in microseconds.
_PRESENT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - ARGV[2]))
redis.call('PEXPIRE', KEYS[1], 60000)
return redis.call('ZCARD', KEYS[1])
"""
PRESENT_US = 5_000_000


class Charge(NamedTuple):
    """What is charged to a key, in microseconds of its allowance: `told` in any case, `asked` if all keys allow it.

    `ahead` is how far its allowance may be spent in advance.
    """

    key: str
    told: int
    asked: int
    ahead: int


class Charged(NamedTuple):
    """How long to wait, 0 where everything was charged, and how far ahead each key is; in microseconds."""

    wait: int
    ahead: list[int]


async def charge(client: Redis, charges: Sequence[Charge]) -> Charged:
    """Charge keys, all of them or only what is told of each. Raises what Redis does."""
    script = client.register_script(_CHARGE)
    arguments = [number for one in charges for number in (one.told, one.asked, one.ahead)]
    found = await script(keys=[one.key for one in charges], args=arguments)
    with reading():
        wait, *ahead = map(int, found)
        return Charged(wait, ahead)


async def present(client: Redis, key: str, name: str) -> int:
    """Return how many processes there are, this one by its name among them. Raises what Redis does."""
    with reading():
        return int(await client.register_script(_PRESENT)(keys=[key], args=[name, PRESENT_US]))
