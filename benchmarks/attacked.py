"""How late the event loop is while an attacker sends the worst attacks as fast as a core allows.

The worst are those of tests/attacks that cost the server the most CPU, each time with a text that it has not seen. Rate
limits are off: with them, an attacker is refused for next to nothing after some seconds.
"""

import argparse
import http.client
import multiprocessing
import os
import re
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import described
from benchmarks.processes import pinned
from benchmarks.tables import keep
from tests.attacks.attack import Sent, unseen
from tests.attacks.target import METRICS_TOKEN, Target, attacked
from tests.attacks.test_attacks import ATTACKS
from tests.servers.valkey import Valkey

WHOLE_S = 5.0
_HEAD = [
    "| attack | CPU of one, ms | a second | of a core | of the time, without a core | delay p50 up to, ms | p99 up to, ms |",
    "|---|---|---|---|---|---|---|",
]
_FOOT = """Each attack has a text that was not sent before; rate limits are off. Delays are those of the loop's own histogram, whose
bounds are 1, 2.5, 5, 10, 20, 50, 100, 250 ms. Time in which the server waited for a core, because others on the machine had it,
is delay of the loop too: the first row, without any attack, shows how much."""
SERVER_CORE, ATTACKERS_CORE = 0, 1
_BUCKET = re.compile(r'^pollux_loop_delay_seconds_bucket\{.*?le="([^"]+)".*?\} (\S+)$', re.MULTILINE)


def main() -> None:
    """Print how late the loop was, idle and under each of the worst attacks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--worst", type=int, default=5)
    parser.add_argument("--connections", type=int, default=1)
    chosen = parser.parse_args()
    valkey = Valkey().start()
    rows: list[str] = []
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            pinned(SERVER_CORE),
            attacked(Path(folder), valkey.url, log_level="info") as target,
        ):
            rows.append(_row("nothing", None, target, [], chosen))
            costs = sorted(
                ((_cost_s(target, attack.send(target.world)), attack) for attack in ATTACKS),
                key=lambda one: -one[0],
            )
            for cost_s, attack in costs[: chosen.worst]:
                rows.append(_row(attack.name, cost_s, target, [attack.send(target.world)], chosen))
            worst = [attack.send(target.world) for _, attack in costs[: chosen.worst]]
            rows.append(_row("all of these", None, target, worst, chosen))
    finally:
        valkey.remove()
    keep(
        "attacked",
        "Under attack",
        [f"{described()}; {chosen.seconds:g} s each.", "", *_HEAD, *rows, "", _FOOT],
        whole=chosen.seconds >= WHOLE_S,
    )


def _cost_s(target: Target, sent: Sent) -> float:
    costs = []
    for number in range(5):
        before_s = target.cpu_s()
        target.answer(unseen(sent, f"cost {number}"))
        costs.append(target.cpu_s() - before_s)
    return min(costs)


def _row(name: str, cost_s: float | None, target: Target, attacks: list[Sent], chosen: argparse.Namespace) -> str:
    """Attack for so long; return a row of the table."""
    count = multiprocessing.Value("i", 0)
    seconds = chosen.seconds
    ends_s = time.monotonic() + seconds
    attackers = [
        multiprocessing.Process(target=_attack, args=(target.server.port, attacks, ends_s, count))
        for _ in attacks and range(chosen.connections)
    ]
    before, cpu_s, queued_s = _delays(target), target.cpu_s(), _queued_s(target)
    with pinned(ATTACKERS_CORE):
        for attacker in attackers:
            attacker.start()
    time.sleep(max(0.0, ends_s - time.monotonic()))
    used_s, queued_s = target.cpu_s() - cpu_s, _queued_s(target) - queued_s
    after = _delays(target)
    for attacker in attackers:
        attacker.join(30)
    target.healthy_poll()
    delays = {bound: after[bound] - before[bound] for bound in after}
    late = " | ".join(f"{1000 * _quantile(delays, rank / 100):g}" for rank in (50, 99))
    cost = "" if cost_s is None else f"{1000 * cost_s:.1f}"
    row = f"| {name} | {cost} | {count.value / seconds:.0f} | {used_s / seconds:.2f} | {queued_s / seconds:.2f} | {late} |"
    sys.stdout.write(row + "\n")
    sys.stdout.flush()
    return row


def _queued_s(target: Target) -> float:
    """Return how long the server was ready to run and had no core (proc(5), schedstat), which is delay of its loop too."""
    return int(Path(f"/proc/{target.pid}/schedstat").read_text().split()[1]) / 1e9


def _attack(port: int, attacks: list[Sent], ends_s: float, count: "multiprocessing.sharedctypes.Synchronized[int]") -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    sent = 0
    while time.monotonic() < ends_s:
        attack = unseen(attacks[sent % len(attacks)], f"{os.getpid()} {sent}")
        try:
            connection.request(
                attack.method, attack.path, attack.body, {**attack.headers, "Authorization": attack.authorization or ""}
            )
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            connection.close()  # refused before it was sent to its end
        sent += 1
    with count.get_lock():
        count.value += sent


def _delays(target: Target) -> dict[float, float]:
    """Return how many delays were up to each bound, in seconds."""
    _, _, text = target.answer(Sent(method="GET", path="/metrics", authorization=f"Bearer {METRICS_TOKEN}"))
    return {float(bound): float(count) for bound, count in _BUCKET.findall(text.decode())}


def _quantile(delays: dict[float, float], share: float) -> float:
    """Return the least bound that so many of the delays are up to."""
    total = max(delays.values())
    return min(bound for bound, count in delays.items() if count >= share * total)


if __name__ == "__main__":
    main()
