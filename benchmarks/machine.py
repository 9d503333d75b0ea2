"""What a measurement runs on, and what the machine lacks for it."""

import os
import platform
import shutil
import sys
from datetime import UTC, datetime


def described() -> str:
    """Return the line that stands above every table."""
    model = next((line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine())
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores of {model}, Python {sys.version.split()[0]}"


def _cpuinfo() -> list[str]:
    try:
        with open("/proc/cpuinfo") as file:
            return file.read().splitlines()
    except OSError:
        return []


def require_cores() -> None:
    """End the program, with a line that says so, where there are no two cores."""
    if lines := _without_cores():
        raise SystemExit("\n".join(lines))


def require_what_drives() -> None:
    """End the program, with a line for each thing that is missing, where no server could be driven."""
    lines = _without_cores()
    if shutil.which("wrk") is None:
        lines.append("wrk is missing (Debian: apt-get install wrk), and with it every run that drives a server")
    if lines:
        raise SystemExit("\n".join(lines))


def _without_cores() -> list[str]:
    if len(os.sched_getaffinity(0)) >= 2:
        return []
    return ["two cores are missing: one is the server's, the other everything else's; nothing is measured"]
