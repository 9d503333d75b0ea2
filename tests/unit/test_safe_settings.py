"""Settings of identity and of what is shown: production refuses what is weak, development what others can reach."""

import re

import pytest

from app.setting_texts import is_loopback
from app.settings import DEVELOPMENT_SECRET
from tests.unit.test_settings import SECRET, load_with, wrong_with


@pytest.mark.parametrize("secret", [None, DEVELOPMENT_SECRET])
def test_production_needs_a_secret_of_its_own(monkeypatch: pytest.MonkeyPatch, secret: str | None) -> None:
    said = wrong_with(monkeypatch, POLLUX_ENV="production", **({"POLLUX_JWT_SECRET": secret} if secret else {}))
    assert "POLLUX_JWT_SECRET" in said
    assert "POLLUX_ENV=production" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "chat.example.org", "127.0.0.1.example.org"])
def test_the_development_secret_is_refused_where_others_can_reach_it(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    said = wrong_with(monkeypatch, HOST=host)
    assert f"HOST={host}" in said
    assert "POLLUX_JWT_SECRET" in said
    assert load_with(monkeypatch, HOST=host, POLLUX_JWT_SECRET=SECRET).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_the_development_secret_serves_this_machine(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    assert is_loopback(host)
    assert load_with(monkeypatch, HOST=host).hands_out_tokens


@pytest.mark.parametrize(("secret", "enough"), [("x" * 31, False), ("x" * 32, True), ("é" * 15, False), ("é" * 16, True)])
def test_a_secret_is_at_least_as_long_as_its_hash(monkeypatch: pytest.MonkeyPatch, secret: str, enough: bool) -> None:
    if enough:
        assert load_with(monkeypatch, POLLUX_JWT_SECRET=secret).jwt_secret.get_secret_value() == secret
    else:
        said = wrong_with(monkeypatch, POLLUX_JWT_SECRET=secret)
        assert re.search(r"POLLUX_JWT_SECRET .*allowed: at least 32 bytes", said)
        assert secret not in said


@pytest.mark.parametrize("secret", ["x" * 32, "abcabc" * 10, "0123456" * 8])
def test_production_refuses_a_secret_that_can_be_guessed(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    said = wrong_with(monkeypatch, POLLUX_ENV="production", POLLUX_JWT_SECRET=secret)
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
    assert named in wrong_with(monkeypatch, **given)


def test_a_key_set_takes_the_place_of_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    production = load_with(monkeypatch, HOST="0.0.0.0", **KEY_SET, **WHOSE)
    assert (production.secret, production.shown()["POLLUX_JWT_SECRET"]) == (None, "(unset)")
    development = load_with(monkeypatch, POLLUX_ENV="development", HOST="127.0.0.1", POLLUX_JWKS_URL="http://idp/keys")
    assert (development.secret, development.hands_out_tokens) == (None, False)
    assert load_with(monkeypatch, POLLUX_JWT_SECRET=SECRET, **KEY_SET, **WHOSE).secret == SECRET


@pytest.mark.parametrize(("switch", "on"), [(None, False), ("on", True), ("off", False)])
def test_production_shows_its_schema_only_where_told_to(monkeypatch: pytest.MonkeyPatch, switch: str | None, on: bool) -> None:
    switches = {"POLLUX_GRAPHIQL": switch, "POLLUX_INTROSPECTION": switch} if switch else {}
    found = load_with(monkeypatch, POLLUX_ENV="production", POLLUX_JWT_SECRET=SECRET, **switches)
    assert (found.shows_graphiql, found.allows_introspection, found.hands_out_tokens) == (on, on, False)


def test_a_short_token_of_metrics_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    said = wrong_with(monkeypatch, POLLUX_METRICS_TOKEN="tiny")
    assert said == "POLLUX_METRICS_TOKEN is wrong; allowed: at least 16 characters"
