"""One worker process: serves the listening socket it was handed until SIGTERM, then finishes what it began."""

import asyncio
import gc
import signal
import socket
import sys

import uvloop

from app.edge import Edge
from app.logs import configure_logs
from app.settings import Settings, WrongSettings
from app.wiring import build_app, open_services


async def work(settings: Settings, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    async with open_services(settings) as (services, redis):
        edge = Edge(build_app(settings, services, redis))
        await edge.listen(listener)
        _spare_the_collector()
        await stop.wait()
        await edge.close()


def _spare_the_collector() -> None:
    """Let the cycle collector look at what requests leave behind, less often, and never at what was there before.

    Polls make hardly any cycles; with the defaults a tenth of their time went into looking for some, and one look in a
    while held everybody up for 80 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def main() -> None:
    """Serve the socket whose descriptor is the only argument."""
    settings = Settings.load()
    configure_logs(settings.log_level, settings.log_format)
    try:
        uvloop.run(work(settings, socket.socket(fileno=int(sys.argv[1]))))
    except WrongSettings as error:  # a file that a setting names has changed since the supervisor read it
        sys.exit(str(error))


if __name__ == "__main__":
    main()
