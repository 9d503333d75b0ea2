"""docs/operations.md, rehearsed: its commands are taken from the page and run by a shell."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from pytest_aiohttp import AiohttpClient

from app.settings import Settings
from app.wiring import build_app, open_services
from models.store_url import StoreUrl
from tests.asking import CREATE, POLL, SEND, Api
from tests.servers.page import blocks, commands, replaced
from tests.servers.pollux import ROOT
from tests.servers.postgres import Postgres, binaries, free_port
from tests.servers.valkey import Valkey

PAGE = "operations.md"
# Stands in for the machine's package manager and its users.
SUDO = """#!/bin/sh
case "$1" in
  apt-get) exit 0 ;;
  -u) shift 2; exec "$@" -h 127.0.0.1 -p {port} -U postgres ;;
esac
exit 1
"""
# For a machine that lacks what the first command would install.
CURL = """#!/usr/bin/env python3
import sys, time, urllib.request
for _ in range(300):
    try:
        print(urllib.request.urlopen(sys.argv[-1]).read().decode())
        break
    except OSError:
        time.sleep(0.1)
"""


def _run(script: str, folder: Path, **environment: str) -> str:
    """Run commands to their end; returns what they print."""
    path = f"{folder}:{binaries()}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", script], cwd=ROOT, env={**os.environ, "PATH": path, "HOME": str(folder), **environment},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


def _ask(address: str, token: str, query: str, variables: dict[str, Any]) -> Any:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    body = json.dumps({"query": query, "variables": variables}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{address}/graphql", body, headers), timeout=20) as answer:
        told = json.load(answer)
    assert "errors" not in told, told
    return next(iter(told["data"].values()))


def test_from_nothing_to_two_processes_as_the_page_says(postgres: Postgres, valkey: Valkey, tmp_path: Path) -> None:
    (block,) = blocks(PAGE, "From nothing to two processes")
    assert len(commands(block)) < 10
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    places = {"redis://127.0.0.1:6379": valkey.url, "127.0.0.1:5432": f"127.0.0.1:{postgres.port}"}
    places["http://127.0.0.1:8000"] = address
    (tmp_path / "sudo").write_text(SUDO.format(port=postgres.port))
    if shutil.which("curl") is None:
        (tmp_path / "curl").write_text(CURL)
    for stand_in in (tmp_path / "sudo", *tmp_path.glob("curl")):
        stand_in.chmod(0o755)
    told = _run(replaced(block, places) + 'echo "pid $!"\n', tmp_path, PORT=str(port))
    server = int(told.split()[-1])
    try:
        assert '"status":"ready"' in told
        token = told.split()[-3]
        workers = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        commands_of = [Path(f"/proc/{pid}/cmdline").read_text() for pid in workers]
        assert sum("app.worker" in command for command in commands_of) == 2
        channel = _ask(address, token, CREATE, {"i": {"name": "room"}})["channel"]["id"]
        assert _ask(address, token, SEND, {"i": {"channelId": channel, "content": "Hello"}})["userErrors"] == []
        for _ in range(4):
            assert [one["content"] for one in _ask(address, token, POLL, {"c": channel})["nodes"]] == ["Hello"]
    finally:
        os.kill(server, signal.SIGTERM)
        deadline_s = time.monotonic() + 30
        while Path(f"/proc/{server}/cmdline").exists() and Path(f"/proc/{server}/cmdline").read_bytes():
            assert time.monotonic() < deadline_s, "the server does not end"
            time.sleep(0.05)
    assert "Traceback" not in (tmp_path / "pollux.log").read_text()


async def test_a_backup_is_restored_as_the_page_says(
    store_url: StoreUrl, settings: Settings, aiohttp_client: AiohttpClient, tmp_path: Path
) -> None:
    dump = "pollux-backup.db" if store_url.is_sqlite else "pollux.dump"
    places = {dump: str(tmp_path / dump)} | ({"var/pollux.db": str(store_url.sqlite_path)} if store_url.is_sqlite else {})
    backup, restore = (
        replaced(blocks(PAGE, heading)[int(store_url.is_sqlite)], places) for heading in ("Backup", "Restoring a backup")
    )
    async with open_services(settings) as parts:
        api = Api(await aiohttp_client(build_app(settings, *parts)), parts[0])
        channel = await api.channel()
        for index in range(3):
            await api.send(channel, f"kept {index}")
        await asyncio.to_thread(_run, backup, tmp_path, DATABASE_URL=store_url.text)
        await api.send(channel, "lost")
        page = await api.poll(channel)
        assert len(page["nodes"]) == 4
    told = await asyncio.to_thread(_run, restore, tmp_path, DATABASE_URL=store_url.text)
    assert re.search(r"epoch \w{16} begins", told)
    async with open_services(settings) as parts:
        api = Api(await aiohttp_client(build_app(settings, *parts)), parts[0])
        refused = await api.answer(POLL, {"c": channel, "after": page["pageInfo"]["endCursor"]})
        assert refused["errors"][0]["extensions"] == {"code": "INVALID_CURSOR", "reset": True}
        await api.send(channel, "new")
        assert [one["content"] for one in (await api.poll(channel))["nodes"]] == ["kept 0", "kept 1", "kept 2", "new"]


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_the_commands_about_data_and_people_run_as_the_page_says(api: Api, store_url: StoreUrl, tmp_path: Path) -> None:
    (retention,), (people,) = blocks(PAGE, "Retention"), blocks(PAGE, "People who want their data, or go")
    channel = await api.channel()
    await api.send(channel, "hers")
    retention = retention.replace("server.py retention", "server.py retention --grace 0.1")
    told = await asyncio.to_thread(
        _run, replaced(retention, {"events.jsonl": str(tmp_path / "events.jsonl")}), tmp_path, DATABASE_URL=store_url.text
    )
    assert "0 events and 0 log entries older than 90 days are gone" in told
    exported = tmp_path / "alice.jsonl"
    told = await asyncio.to_thread(
        _run, replaced(people, {"> alice.jsonl": f"> {exported}"}), tmp_path, DATABASE_URL=store_url.text
    )
    assert "erased 1 messages" in told
    assert [json.loads(line)["record"] for line in exported.read_text().splitlines()] == ["profile", "channel", "message"]
    assert [one["content"] for one in (await api.poll(channel))["nodes"]] == [""]


def test_erasing_asks_first_and_nobody_is_erased_by_mistake(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite://{tmp_path / 'pollux.db'}", "REDIS_URL": "none"}
    told = []
    for arguments in (["erase-user", "alice"], ["erase-user", "nobody", "--yes"], ["export-user", "YwE", "--id"]):
        command = [sys.executable, str(ROOT / "server.py"), *arguments]
        done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, timeout=60, check=False)
        told.append((done.returncode, done.stdout, done.stderr.splitlines()[-1]))
    assert told[0][:2] == (2, "")
    assert "add --yes" in told[0][2]
    assert told[1:] == [(1, "", "there is no such user"), (1, "", "YwE is not the id of a user")]
