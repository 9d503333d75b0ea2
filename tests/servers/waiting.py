"""Asking servers that tests start how they are: the protocol of Redis as far as that takes, and waiting for an answer."""

import socket
import time
from collections.abc import Callable

WAIT_S = 60.0


def ask(port: int, *words: str) -> bytes:
    """Return what a server answers, empty where there is none."""
    sent = b"".join(b"$%d\r\n%b\r\n" % (len(word), word.encode()) for word in words)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"*%d\r\n%b" % (len(words), sent))
            return connection.recv(1 << 16)
    except OSError:
        return b""


def until(there: Callable[[], bool], otherwise: str) -> None:
    """Return when `there` is true; fails with `otherwise` after a minute."""
    deadline_s = time.monotonic() + WAIT_S
    while not there():
        assert time.monotonic() < deadline_s, otherwise
        time.sleep(0.05)


def accepts(port: int) -> bool:
    """Whether somebody listens on a port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False
