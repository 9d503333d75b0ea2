"""Each attack gets its answer, in little CPU, tells nothing, and the next poll of somebody else is answered."""

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from graphql import parse

from tests.attacks import bodies, documents, rights, sockets, tokens, wires
from tests.attacks.attack import Attack, Sent, unseen
from tests.attacks.rows import ELSEWHERE, ROWS
from tests.attacks.sockets import SocketAttack
from tests.attacks.target import METRICS_TOKEN, NEVER_TOLD, Target, is_data, tells_nothing
from tests.attacks.wires import FrameAttack, WireAttack

ATTACKS: list[Attack] = [*documents.ATTACKS, *bodies.ATTACKS, *tokens.ATTACKS, *rights.ATTACKS]
ALL: list[Attack | SocketAttack | WireAttack | FrameAttack] = [*ATTACKS, *sockets.ATTACKS, *wires.ATTACKS, *wires.FRAMES]
AT_LEAST = 150
CHEAP_S = 0.010
# What the core takes for the yardstick on which the limit is meant; a slower one is allowed as many times as much.
_YARDSTICK_S = 0.002
_ATTEMPTS = 6
_PATIENCE_S = 20
_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_gets_its_answer_and_nothing_else(target: Target, attack: Attack) -> None:
    sent = attack.send(target.world)
    costs_s = []
    for number in range(_ATTEMPTS):  # of which the cheapest counts: what else the process does is none of the attack's
        fresh = unseen(sent, f"{number}") if number and attack.cheap and 39 not in attack.rows else sent
        before_s = target.cpu_s()
        status, headers, body = target.answer(fresh)
        costs_s.append(target.cpu_s() - before_s)
        assert (status, _code(body)) == (attack.status, attack.code), body[:500]
        assert attack.shows in body, body[:500]
        tells_nothing(body + str(headers).encode())
        if body:
            is_data(headers)
        for name, value in attack.headers.items():
            assert headers.get(name) == value, (name, headers.get(name))
        if not attack.cheap or min(costs_s) < CHEAP_S:
            break
    if attack.cheap and min(costs_s) >= CHEAP_S:
        assert min(costs_s) < CHEAP_S * max(1.0, _yardstick_s() / _YARDSTICK_S), f"{min(costs_s) * 1000:.1f} ms of CPU"
    target.healthy_poll()


@pytest.mark.parametrize("attack", sockets.ATTACKS, ids=lambda attack: attack.name)
async def test_an_attack_by_socket_gets_its_end(target: Target, attack: SocketAttack) -> None:
    async with ClientSession() as session, asyncio.timeout(_PATIENCE_S):
        connecting = session.ws_connect(target.server.url + "/graphql", protocols=attack.protocols, headers=attack.headers)
        if attack.status != 101:
            with pytest.raises(WSServerHandshakeError, match=f"^{attack.status}"):
                await connecting
        else:
            assert await _end(await connecting, attack) == attack.closes
    target.healthy_poll()


async def _end(ws: ClientWebSocketResponse, attack: SocketAttack) -> int | None:
    """Say what the attack does; return the code that the server closes with."""
    for said in attack.says:
        if isinstance(said, bytes):
            await ws.send_bytes(said)
        else:
            await ws.send_str(said if isinstance(said, str) else json.dumps(said))
    while (heard := await ws.receive()).type is WSMsgType.TEXT:
        tells_nothing(heard.data.encode())
    return ws.close_code


def test_there_are_as_many_attacks_as_promised_and_no_two_are_one() -> None:
    names = [attack.name for attack in ALL]
    assert len(names) == len(set(names)) >= AT_LEAST


def test_each_row_of_the_list_is_attacked_or_tested_elsewhere() -> None:
    assert list(ROWS) == list(range(1, len(ROWS) + 1))
    attacked = {row for attack in ALL for row in attack.rows}
    assert attacked <= ROWS.keys()
    assert ROWS.keys() - attacked - ELSEWHERE.keys() == set()


@pytest.mark.parametrize("place", [place for places in ELSEWHERE.values() for place in places])
def test_what_is_tested_elsewhere_is(place: str) -> None:
    path, name = place.split("::")
    assert re.search(rf"^(async )?def {name}\(", (_ROOT / path).read_text(), re.MULTILINE)


def test_what_the_page_on_security_names_is() -> None:
    page = (_ROOT / "docs" / "security.md").read_text()
    shown = {name for row in re.findall(r"^\| .* \| (.*) \|$", page, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)}
    tests = {name for name in shown if name.startswith("tests/")}
    assert shown - tests <= {attack.name for attack in ALL}
    for name in tests:
        path, _, test = name.partition("::")
        assert re.search(rf"^(async )?def {test or 'test_'}", (_ROOT / path).read_text(), re.MULTILINE), name


def test_after_all_of_it_nothing_failed_and_the_logtells_nothing(target: Target) -> None:
    for attack in ATTACKS:
        target.answer(attack.send(target.world))
    target.healthy_poll()
    log = target.server.log()
    assert "Traceback" not in log
    assert "ERROR" not in log
    for told in NEVER_TOLD[:4]:
        assert told not in log
    metrics = target.answer(Sent(method="GET", path="/metrics", authorization=f"Bearer {METRICS_TOKEN}"))[2].decode()
    assert "pollux_mutation_duration_seconds" in metrics
    for told in (*NEVER_TOLD[:4], "eyJ", "hello"):  # the second last is what every token begins with
        assert told not in metrics
    assert "eyJ" not in log
    assert "forged" not in "".join(line[:20] for line in log.splitlines())


def _code(body: bytes) -> str | None:
    """Return the code of the first error, of the answer's own before a payload's."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    if "errors" in found:
        return str(found["errors"][0]["extensions"]["code"])
    return next((error["code"] for error in _user_errors(found)), None)


def _user_errors(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return value.get("userErrors") or [error for inner in value.values() for error in _user_errors(inner)]
    return [error for inner in value for error in _user_errors(inner)] if isinstance(value, list) else []


def _yardstick_s() -> float:
    """Return the CPU that reading a document of some length takes here and now."""
    document = "{" + " ".join(f"a{number}: viewer {{ id name }}" for number in range(60)) + "}"
    taken_s = []
    for _ in range(5):
        begun_s = time.thread_time()
        parse(document)
        taken_s.append(time.thread_time() - begun_s)
    return max(taken_s)
