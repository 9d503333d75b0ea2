"""One worker process: serves the listening socket it was handed until SIGTERM, then finishes what it began."""

import asyncio
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
        await stop.wait()
        await edge.close()


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
