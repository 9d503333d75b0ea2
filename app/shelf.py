"""The shelf: where the workers of one server lay down what they measured, for whichever of them is asked.

Rule: each process writes its own file, whole or not at all, once a second. What only grows is kept when a process has
ended, so that no counter goes back because a worker was replaced.
"""

import asyncio
import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from app.metrics import Values, lasting, merged

log = logging.getLogger("pollux.metrics")

PERIOD_S = 1.0
_ENDED = "ended"


class Shelf:
    """The files of one server's processes, in a folder that only they can read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, measure: Callable[[], Values]) -> None:
        """Lay down this process's values once a second, for ever."""
        while True:
            await asyncio.sleep(PERIOD_S)
            self.lay(os.getpid(), measure())

    def lay(self, pid: int, values: Values) -> None:
        """Lay down the values of a process in the place of its last ones."""
        try:
            self._write(str(pid), values)
        except OSError as error:  # a full disk must not end anything
            log.warning("measures cannot be written: %s", error)

    def all(self, pid: int, values: Values) -> Values:
        """Return the values of all processes together, those of process `pid` being `values`."""
        with self._lock(fcntl.LOCK_SH):
            others = [_read(path) for path in self._folder.glob("*.json") if path.stem != str(pid)]
        return merged([values, *others])

    def ended(self, pid: int) -> None:
        """Keep of a process that has ended what stays true."""
        path = self._folder / f"{pid}.json"
        if path.exists():
            with self._lock(fcntl.LOCK_EX):
                self._write(_ENDED, merged([_read(self._folder / f"{_ENDED}.json"), lasting(_read(path))]))
                path.unlink()

    def _write(self, name: str, values: Values) -> None:
        fresh = self._folder / f"{name}.new"
        fresh.write_bytes(orjson.dumps(values))
        fresh.rename(self._folder / f"{name}.json")

    @contextmanager
    def _lock(self, how: int) -> Iterator[None]:
        """Let nobody see a process that has ended twice, or not at all."""
        with (self._folder / "lock").open("a") as lock:
            fcntl.flock(lock, how)
            yield


def _read(path: Path) -> Values:
    try:
        found: Values = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    return found
