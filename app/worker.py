"""One worker process: serves the listening socket it was handed until SIGTERM, then finishes what it began."""

import asyncio
import ctypes
import gc
import os
import signal
import socket
import sys
from pathlib import Path

import uvloop

from app.edge import LINGER_S, Edge
from app.logs import configure_logs
from app.settings import Settings, WrongSettings
from app.shelf import Shelf
from app.traces import Traces, traces_wanted
from app.wiring import build_app, open_services
from app.worker_process import READY
from models.tasks import end
from realtime.shedding import Shedding

GIVE_BACK_S = 60.0
# How long idle connections are kept for one more request: whoever presses Ctrl-C does not wait for a browser's.
_LINGERS_S = {signal.SIGTERM: LINGER_S, signal.SIGINT: 0.0}


async def work(settings: Settings, listener: socket.socket, ready: int, shelf: Shelf) -> None:
    """Serve until SIGTERM or SIGINT; says so to the descriptor `ready`, which it closes."""
    told: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for signal_number in _LINGERS_S:
        asyncio.get_running_loop().add_signal_handler(signal_number, told.put_nowait, signal_number)
    traces = Traces.exporting() if traces_wanted() else None
    async with open_services(settings) as (services, redis):
        shedding = Shedding()
        if settings.rate_limit:
            shedding.follow(services.pace.fleet)
        app = build_app(settings, services, redis, shelf=shelf, traces=traces, shedding=shedding)
        edge = Edge(app, max_connections=settings.max_connections)
        await edge.listen(listener)
        _spare_the_collector()
        giving_back = asyncio.create_task(_give_back(), name="give back")
        os.write(ready, READY)
        os.close(ready)
        await edge.close(linger_s=_LINGERS_S[await told.get()])
        await end(giving_back)
    if traces is not None:
        traces.close()


def _spare_the_collector() -> None:
    """Let the cycle collector look at what requests leave behind, less often, and never at what was there before.

    Polls make hardly any cycles; with the defaults a tenth of their time went into looking for some, and one look in a
    while held everybody up for 80 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 4, 50)


async def _give_back() -> None:
    """Let the C library give freed memory back to the system, for ever: some MiB lie between pieces that are in use."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    while trim is not None:  # glibc alone has it; it takes a millisecond
        await asyncio.sleep(GIVE_BACK_S)
        trim(0)


def main() -> None:
    """Serve the socket that the first argument is the descriptor of; the second is where to say so, the third the shelf."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a terminal that is gone tells everybody; the supervisor decides
    listener, ready, folder = sys.argv[1:]
    settings = Settings.load()
    configure_logs(settings.log_level, settings.log_format)
    try:
        uvloop.run(work(settings, socket.socket(fileno=int(listener)), int(ready), Shelf(Path(folder))))
    except WrongSettings as error:  # a file that a setting names has changed since the supervisor read it
        sys.exit(str(error))


if __name__ == "__main__":
    main()
