"""A progress bar for work whose parts are known beforehand."""

import sys
import time


class Progress:
    """Draws itself on a terminal; elsewhere a line for each part that is done."""

    WIDTH = 40

    def __init__(self, parts: dict[str, float]) -> None:
        """`parts` are names and what each weighs."""
        self._left = dict(parts)
        self._total = sum(parts.values())
        self._began_s = time.monotonic()

    def done(self, part: str) -> None:
        """Draw the bar after a part is done."""
        self._left.pop(part)
        share = 1 - sum(self._left.values()) / self._total
        seconds = time.monotonic() - self._began_s
        filled = round(self.WIDTH * share)
        line = f"[{'#' * filled}{'.' * (self.WIDTH - filled)}] {share:4.0%} {seconds:4.0f} s  {part}"
        if sys.stderr.isatty():
            print(f"\r\033[K{line}", end="" if self._left else "\n", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)
