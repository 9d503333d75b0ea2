"""Driving a server with wrk, which draws requests from a plan.

Rule: connections that do not rest are busy all the time (a closed loop), so latencies are those of a saturated server.
"""

import http.client
import json
import os
import random
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

LUA = Path(__file__).with_name("poll.lua")
DEADLINE_S = 5


class Clients(NamedTuple):
    """How many connections there are, and how long each rests between an answer and its next request."""

    number: int = 64
    rest_ms: int = 0


CLIENTS = Clients()


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests of one shape: a body is the prefix and any of the tails, asked by the bearer of any of the tokens.

    Where `numbered`, a number that was not sent before and `"}}}` follow the tail.
    """

    name: str
    prefix: str
    tails: Sequence[str]
    tokens: Sequence[str]
    weight: int = 1
    numbered: bool = False
    path: str = "/graphql"
    etag: str | None = None

    def ask(self, port: int) -> "Answer":
        """Send one such request, drawn at random."""
        body = self.prefix + random.choice(self.tails) + (f'{random.getrandbits(60)}"}}}}}}' if self.numbered else "")  # noqa: S311  # a draw, not a secret
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2 * DEADLINE_S)
        try:
            connection.request("POST", self.path, body.encode(), self._headers(random.choice(self.tokens)))  # noqa: S311  # as above
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), answer.headers.get("ETag"))
        finally:
            connection.close()

    def _headers(self, token: str) -> dict[str, str]:
        headers = {"Accept": "application/json", "Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        return headers if self.etag is None else {**headers, "If-None-Match": self.etag}

    def head(self, token: str) -> str:
        """Return a request up to the value of its Content-Length, tabs for line ends."""
        fields = [f"{name}: {value}" for name, value in {"Host": "127.0.0.1", **self._headers(token)}.items()]
        return "\t".join([f"POST {self.path} HTTP/1.1", *fields, "Content-Length: "])


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    etag: str | None

    def data(self) -> Any:
        """Return the value of the only field asked for."""
        answer = json.loads(self.body)
        assert self.status == 200, self.body[:300]
        assert "errors" not in answer, self.body[:300]
        (value,) = answer["data"].values()
        return value


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent during a run: kinds by weight."""

    kinds: tuple[Kind, ...]

    def paths(self, path: str) -> "Plan":
        """Return the same requests to other paths; {} is the kind's name."""
        return Plan(tuple(replace(kind, path=path.format(kind.name)) for kind in self.kinds))

    def write(self, folder: Path) -> None:
        """Write the files that poll.lua reads."""
        folder.mkdir(exist_ok=True)
        (folder / "kinds").write_text("".join(f"{kind.name} {kind.weight} {kind.numbered:d}\n" for kind in self.kinds))
        for kind in self.kinds:
            (folder / f"{kind.name}.prefix").write_text(kind.prefix + "\n")
            (folder / f"{kind.name}.tails").write_text("".join(f"{tail}\n" for tail in kind.tails))
            (folder / f"{kind.name}.heads").write_text("".join(f"{kind.head(token)}\n" for token in kind.tokens))


@dataclass(frozen=True, slots=True)
class Driven:
    """What wrk saw. `failed` and `unchanged` (304) are of the answers it read, none but where it was told to."""

    requests: int
    us: int
    bytes: int
    p50_us: int
    p99_us: int
    errors: int
    checked: int
    failed: int
    unchanged: int


def drive(port: int, folder: Path, *, seconds: float, seed: int, check: bool = False, clients: Clients = CLIENTS) -> Driven:
    """Send the requests of the plan in `folder` for some seconds."""
    environment = {**os.environ, "FOLDER": str(folder), "SEED": str(seed), **({"CHECK": "1"} if check else {})}
    if clients.rest_ms:
        environment["REST_MS"] = str(clients.rest_ms)
    options = ["-t1", f"-c{clients.number}", f"-d{seconds:.0f}s", "--timeout", f"{DEADLINE_S}s", "-s", str(LUA)]
    ended = subprocess.run(
        ["wrk", *options, f"http://127.0.0.1:{port}"],  # noqa: S607  # wherever the machine has it
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = re.search(r"RESULT (.*)", ended.stdout)
    assert found is not None, ended.stdout + ended.stderr
    return Driven(**json.loads(found.group(1)))
