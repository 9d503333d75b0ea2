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

from benchmarks.processes import pinned
from tests.attacks.attack import Sent, unseen
from tests.attacks.target import METRICS_TOKEN, Target, attacked
from tests.attacks.test_attacks import ATTACKS
from tests.servers.valkey import Valkey

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
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            pinned(SERVER_CORE),
            attacked(Path(folder), valkey.url, log_level="info") as target,
        ):
            _show("nothing", target, [], chosen)
            costs = sorted(
                ((_cost_s(target, attack.send(target.world)), attack) for attack in ATTACKS),
                key=lambda one: -one[0],
            )
            for cost_s, attack in costs[: chosen.worst]:
                _show(f"{attack.name} ({1000 * cost_s:.1f} ms of CPU)", target, [attack.send(target.world)], chosen)
            worst = [attack.send(target.world) for _, attack in costs[: chosen.worst]]
            _show("all of these", target, worst, chosen)
    finally:
        valkey.remove()


def _cost_s(target: Target, sent: Sent) -> float:
    costs = []
    for number in range(5):
        before_s = target.cpu_s()
        target.answer(unseen(sent, f"cost {number}"))
        costs.append(target.cpu_s() - before_s)
    return min(costs)


def _show(name: str, target: Target, attacks: list[Sent], chosen: argparse.Namespace) -> None:
    """Attack for so long, and print the p50 and p99 of the loop's delay meanwhile."""
    count = multiprocessing.Value("i", 0)
    seconds = chosen.seconds
    ends_s = time.monotonic() + seconds
    attackers = [
        multiprocessing.Process(target=_attack, args=(target.server.port, attacks, ends_s, count))
        for _ in attacks and range(chosen.connections)
    ]
    before, cpu_s = _delays(target), target.cpu_s()
    with pinned(ATTACKERS_CORE):
        for attacker in attackers:
            attacker.start()
    time.sleep(max(0.0, ends_s - time.monotonic()))
    used_s = target.cpu_s() - cpu_s
    after = _delays(target)
    for attacker in attackers:
        attacker.join(30)
    target.healthy_poll()
    delays = {bound: after[bound] - before[bound] for bound in after}
    shown = ", ".join(f"p{rank} up to {1000 * _quantile(delays, rank / 100):g} ms" for rank in (50, 99))
    sys.stdout.write(f"{name}: {count.value / seconds:.0f}/s, {used_s / seconds:.2f} of the core, loop's delay {shown}\n")
    sys.stdout.flush()


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
