"""Which processes used the cores: by process tree, from /proc.

Rule: what a process's ended children used counts as its own, once it has waited for them.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@contextmanager
def pinned(*cores: int) -> Iterator[None]:
    """Start processes on some cores: they inherit them from this thread."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def prefer(root: int, nice: int) -> None:
    """Let a process and those below it go before others, or after them. Raises OSError where the system does not let us.

    Linux shares cores between sessions first, so theirs is set too.
    """
    for pid in tree(root):
        os.setpriority(os.PRIO_PROCESS, pid, nice)
        of_session = Path(f"/proc/{pid}/autogroup")
        if of_session.exists():
            of_session.write_text(str(nice))


def tree(root: int) -> set[int]:
    """Return a process and those below it."""
    parents = {pid: fields[1] for pid, fields in _processes()}
    found, new = {root}, {root}
    while new:
        new = {pid for pid, parent in parents.items() if int(parent) in new}
        found |= new
    return found


def cpu_s(pids: set[int]) -> float:
    """Return the processor time processes and their ended children have used."""
    return sum(sum(map(int, fields[11:15])) for pid, fields in _processes() if pid in pids) * _TICK_S


def busy_s() -> float:
    """Return the processor time that everything on cores 0 and 1 has used."""
    lines = [line.split() for line in Path("/proc/stat").read_text().splitlines() if re.match(r"cpu[01] ", line)]
    return sum(sum(map(int, fields[1:4])) + sum(map(int, fields[6:9])) for fields in lines) * _TICK_S


def memory_kib(pid: int) -> tuple[int, int]:
    """Return a process's RSS, and its PSS, which counts a shared page in parts."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return _kib(text, "Rss"), _kib(text, "Pss")


def open_files(pid: int) -> int:
    """Return how many files and sockets a process has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _kib(text: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    assert found is not None, text
    return int(found.group(1))


def _processes() -> Iterator[tuple[int, Sequence[str]]]:
    """Yield process ids, with what stands in their stat file after the name: state, parent, and so on."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            yield int(stat.parent.name), stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # ended meanwhile
