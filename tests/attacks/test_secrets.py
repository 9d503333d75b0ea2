"""Secrets are in no file that is committed, in no line of a log and in no metric, whatever is sent and whatever fails."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.asking import SECRET, token
from tests.attacks.attack import JSON, MALLORY, Sent
from tests.attacks.committed import secrets_in
from tests.attacks.target import METRICS_TOKEN, Target
from tests.servers.pollux import run_server

ROOT = Path(__file__).parents[2]
# Pins: hashes alone, by the ten thousand lines.
_PINS = re.compile(r"^requirements/.*\.txt$|package-lock\.json$|\.svg$|\.json$")
PLANTED = "planted-where-nobody-may-read-it"


def test_no_secret_is_committed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    files = [ROOT / name for name in listed if not _PINS.search(name) and (ROOT / name).is_file()]
    assert len(files) > 100
    assert secrets_in(files) == []


@pytest.mark.parametrize(
    "secret",
    ["AKIA" + "ABCDEFGHIJKLMNOP", "-----BEGIN RSA " + "PRIVATE KEY-----", "ghp_" + "a1B2" * 9, "https://u:" + "s3cr3t" + "@x.tld", token("eve")],
    ids=["AWS", "a key", "GitHub", "a password", "a token"],
)  # fmt: skip
def test_one_that_is_would_be_found(tmp_path: Path, secret: str) -> None:
    path = tmp_path / "settings.txt"
    path.write_text(f'it = "{secret}"\n')
    assert len(secrets_in([path])) == 1


def _asked(variables: object = None, query: str = "{ viewer { name } }", **headers: str) -> Sent:
    return Sent(json.dumps({"query": query, "variables": variables}).encode(), headers={"Content-Type": JSON, **headers})


_SEND = "mutation($i: SendMessageInput!) { sendMessage(input: $i) { message { id } userErrors { code } } }"
_CREATE = "mutation($i: CreateChannelInput!) { createChannel(input: $i) { channel { id } userErrors { code } } }"
_FIND = "query($t: String!) { searchMessages(text: $t) { nodes { message { id } } } }"
# Where a word can stand in a request.
PLACES: dict[str, Callable[[Target], Sent]] = {
    "content": lambda target: _asked({"i": {"channelId": target.world.open, "content": PLANTED}}, _SEND),
    "content of nobody": lambda _: _asked({"i": {"channelId": PLANTED, "content": PLANTED}}, _SEND),
    "content with NUL": lambda target: _asked({"i": {"channelId": target.world.open, "content": f"{PLANTED}\x00"}}, _SEND),
    "a key": lambda target: _asked({"i": {"channelId": target.world.open, "content": "x", "clientMessageId": PLANTED}}, _SEND),
    "a name": lambda _: _asked({"i": {"name": PLANTED}}, _CREATE),
    "a search": lambda _: _asked({"t": PLANTED}, _FIND),
    "a variable too many": lambda _: _asked({PLANTED: PLANTED}),
    "a comment": lambda _: _asked(query="{ viewer { name } } # " + PLANTED),
    "a field": lambda _: _asked(query="{ " + PLANTED.replace("-", "_") + " }"),
    "no GraphQL": lambda _: _asked(query=PLANTED + " {"),
    "no JSON": lambda _: Sent(PLANTED.encode(), headers={"Content-Type": JSON}),
    "a type": lambda _: Sent(b"{}", headers={"Content-Type": PLANTED}),
    "a token": lambda _: Sent(_asked().body, headers={"Content-Type": JSON}, authorization=f"Bearer {PLANTED}"),
    "a scheme": lambda _: Sent(_asked().body, headers={"Content-Type": JSON}, authorization=f"{PLANTED} x"),
    "a token for metrics": lambda _: Sent(method="GET", path="/metrics", authorization=f"Bearer {PLANTED}"),
    "a cookie": lambda _: _asked(Cookie=f"session={PLANTED}"),
    "an address": lambda _: Sent(method="GET", path=f"/{PLANTED}?token={PLANTED}"),
    "a query string": lambda _: Sent(method="GET", path=f"/graphql?access_token={PLANTED}", authorization=None),
    "an origin": lambda _: _asked(Origin=f"https://{PLANTED}.tld"),
    "an address told": lambda _: _asked(**{"X-Forwarded-For": PLANTED}),
}


def test_nothing_that_is_sent_is_logged_or_counted_by_name(target: Target) -> None:
    for place in PLACES.values():
        status, _, _ = target.answer(place(target))
        assert status < 500
    read = target.answer(Sent(method="GET", path="/metrics", authorization=f"Bearer {METRICS_TOKEN}"))
    assert read[0] == 200
    target.healthy_poll()
    for text in (target.server.log(), read[2].decode()):
        for secret in (PLANTED, PLANTED.replace("-", "_"), SECRET, METRICS_TOKEN, token(MALLORY), token("bob")):
            assert secret not in text


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        ("migrate", {"DATABASE_URL": f"postgres://pollux:{PLANTED}@127.0.0.1:1/pollux"}),
        ("check-config", {"DATABASE_URL": "sqlite://:memory:", "REDIS_URL": f"nonsense://:{PLANTED}@127.0.0.1:1"}),
        ("check-config", {"DATABASE_URL": f"nonsense://pollux:{PLANTED}@127.0.0.1/pollux"}),
        ("check-config", {"POLLUX_ENV": "production", "POLLUX_JWT_SECRET": PLANTED[:20]}),
        ("check-config", {"POLLUX_METRICS_TOKEN": PLANTED + "\n"}),
        ("check-config", {"POLLUX_ALLOWED_ORIGINS": f"https://u:{PLANTED}@x.tld"}),
    ],
    ids=["a database that is away", "a wrong Redis", "a wrong database", "a weak secret", "a wrong token", "a wrong origin"],
)
def test_settings_are_told_without_their_secrets(command: str, settings: dict[str, str]) -> None:
    done = run_server(command, **{"POLLUX_JWT_SECRET": SECRET, **settings})
    assert PLANTED[:20] not in done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert done.stdout + done.stderr
