"""What a measurement ran on."""

import os
import platform
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
