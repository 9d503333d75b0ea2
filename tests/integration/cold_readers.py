"""One process of a stampede: `python -m tests.integration.cold_readers` reads a cold page many times at once.

Reads a JSON line {url, redis, channel, readers, start_s} from standard input; prints how many reads of the store it made.
"""

import asyncio
import json
import sys
import time

from app.settings import Settings
from app.wiring import open_services
from models.store_url import StoreUrl
from tests.asking import SECRET


async def _read(task: dict[str, str]) -> int:
    settings = Settings.model_validate(
        {"database_url": StoreUrl.parse(task["url"]), "redis_url": task["redis"], "POLLUX_JWT_SECRET": SECRET}
    )
    async with open_services(settings) as (services, redis):
        await redis.attempt(lambda client: client.ping())
        head = await services.read_index.channel(int(task["channel"]), 1)
        assert head is not None
        await asyncio.sleep(float(task["start_s"]) - time.time())
        pages = await asyncio.gather(*(services.recent.between(head, 1, 50) for _ in range(int(task["readers"]))))
        assert all(len(page) == 50 for page in pages)
        return services.recent.answered["store"]


if __name__ == "__main__":
    print(asyncio.run(_read(json.loads(sys.stdin.readline()))))  # noqa: T201  # the answer is what the test reads
