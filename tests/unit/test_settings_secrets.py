"""Settings of secrets and key sets: refused where others could know or use them."""

import re

import pytest

from app.settings import DEVELOPMENT_SECRET, is_loopback
from tests.unit.loading import SECRET, load, wrong


@pytest.mark.parametrize("secret", [None, DEVELOPMENT_SECRET])
def test_production_needs_a_secret_of_its_own(monkeypatch: pytest.MonkeyPatch, secret: str | None) -> None:
    said = wrong(monkeypatch, POLLUX_ENV="production", **({"POLLUX_JWT_SECRET": secret} if secret else {}))
    assert "POLLUX_JWT_SECRET" in said
    assert "POLLUX_ENV=production" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "chat.example.org", "127.0.0.1.example.org"])
def test_the_development_secret_is_refused_where_others_can_reach_it(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    said = wrong(monkeypatch, HOST=host)
    assert f"HOST={host}" in said
    assert "POLLUX_JWT_SECRET" in said
    assert load(monkeypatch, HOST=host, POLLUX_JWT_SECRET=SECRET).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_the_development_secret_serves_this_machine(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    assert is_loopback(host)
    assert load(monkeypatch, HOST=host).hands_out_tokens


@pytest.mark.parametrize(("secret", "enough"), [("x" * 31, False), ("x" * 32, True), ("é" * 15, False), ("é" * 16, True)])
def test_a_secret_is_at_least_as_long_as_its_hash(monkeypatch: pytest.MonkeyPatch, secret: str, enough: bool) -> None:
    if enough:
        assert load(monkeypatch, POLLUX_JWT_SECRET=secret).jwt_secret.get_secret_value() == secret
    else:
        said = wrong(monkeypatch, POLLUX_JWT_SECRET=secret)
        assert re.search(r"POLLUX_JWT_SECRET .*allowed: at least 32 bytes", said)
        assert secret not in said


@pytest.mark.parametrize("secret", ["x" * 32, "abcabc" * 10, "0123456" * 8])
def test_production_refuses_a_secret_that_can_be_guessed(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    said = wrong(monkeypatch, POLLUX_ENV="production", POLLUX_JWT_SECRET=secret)
    assert said.startswith("POLLUX_JWT_SECRET can be guessed")
    assert secret not in said


KEY_SET = {"POLLUX_ENV": "production", "POLLUX_JWKS_URL": "https://idp/keys"}
WHOSE = {"POLLUX_JWT_ISSUER": "https://idp", "POLLUX_JWT_AUDIENCE": "chat"}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({**KEY_SET}, "POLLUX_JWT_ISSUER"),
        ({**KEY_SET, "POLLUX_JWT_AUDIENCE": "chat"}, "POLLUX_JWT_ISSUER"),
        ({**KEY_SET, "POLLUX_JWT_ISSUER": "https://idp"}, "POLLUX_JWT_AUDIENCE"),
        ({**KEY_SET, **WHOSE, "POLLUX_JWKS_URL": "http://idp/keys"}, "POLLUX_JWKS_URL"),
    ],
)
def test_production_refuses_a_key_set_that_others_could_use(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], named: str
) -> None:
    assert named in wrong(monkeypatch, **given)


def test_a_key_set_takes_the_place_of_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    production = load(monkeypatch, HOST="0.0.0.0", **KEY_SET, **WHOSE)
    assert (production.secret, production.shown()["POLLUX_JWT_SECRET"]) == (None, "(unset)")
    development = load(monkeypatch, POLLUX_ENV="development", HOST="127.0.0.1", POLLUX_JWKS_URL="http://idp/keys")
    assert (development.secret, development.hands_out_tokens) == (None, False)
    assert load(monkeypatch, POLLUX_JWT_SECRET=SECRET, **KEY_SET, **WHOSE).secret == SECRET
