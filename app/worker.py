"""One worker process: serves the listening socket it was handed until SIGTERM, then finishes what it began."""

import asyncio
import gc
import os
import signal
import socket
import sys

import uvloop

from app.edge import LINGER_S, Edge
from app.logs import configure_logs
from app.settings import Settings, WrongSettings
from app.wiring import build_app, open_services
from app.worker_process import READY

# How long idle connections are kept for one more request: whoever presses Ctrl-C does not wait for a browser's.
_LINGERS_S = {signal.SIGTERM: LINGER_S, signal.SIGINT: 0.0}


async def work(settings: Settings, listener: socket.socket, ready: int) -> None:
    """Serve until SIGTERM or SIGINT; says so to the descriptor `ready`, which it closes."""
    told: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for signal_number in _LINGERS_S:
        asyncio.get_running_loop().add_signal_handler(signal_number, told.put_nowait, signal_number)
    async with open_services(settings) as (services, redis):
        edge = Edge(build_app(settings, services, redis))
        await edge.listen(listener)
        _spare_the_collector()
        os.write(ready, READY)
        os.close(ready)
        await edge.close(linger_s=_LINGERS_S[await told.get()])


def _spare_the_collector() -> None:
    """Let the cycle collector look at what requests leave behind, less often, and never at what was there before.

    Polls make hardly any cycles; with the defaults a tenth of their time went into looking for some, and one look in a
    while held everybody up for 80 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def main() -> None:
    """Serve the socket whose descriptor is the first argument; the second is where to say that it is served."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a terminal that is gone tells everybody; the supervisor decides
    listener, ready = map(int, sys.argv[1:])
    settings = Settings.load()
    configure_logs(settings.log_level, settings.log_format)
    try:
        uvloop.run(work(settings, socket.socket(fileno=listener), ready))
    except WrongSettings as error:  # a file that a setting names has changed since the supervisor read it
        sys.exit(str(error))


if __name__ == "__main__":
    main()
