"""Settings: a wrong value stops the start with its name, its value unless secret, and what is allowed."""

import pytest

from app.limits import Limits
from app.rate_settings import RateSettings
from app.settings import Settings, WrongSettings
from realtime.pacing import PollingPolicy

SECRET = "a-secret-of-this-test-that-is-long-enough"
STORES = r"allowed: sqlite://PATH, postgres://USER:PASSWORD@HOST:PORT/NAME or postgresql://…"
REDIS = "allowed: redis://HOST:PORT, rediss://HOST:PORT, unix:///PATH, redis+sentinel://HOST:PORT,HOST:PORT/SERVICE,"


def load_with(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings.load()


def wrong_with(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """Return what is said of an environment that does not start."""
    with pytest.raises(WrongSettings) as wrong:
        load_with(monkeypatch, **environment)
    assert wrong.value.__suppress_context__
    return str(wrong.value)


def test_defaults_are_those_of_the_contract() -> None:
    found = Settings.load()
    assert found.polling_policy is PollingPolicy.ADAPTIVE
    assert found.shown() == {
        "DATABASE_URL": "sqlite://var/pollux.db",
        "REDIS_URL": "(embedded, in var)",
        "HOST": "127.0.0.1",
        "PORT": "8000",
        "WEB_CONCURRENCY": "1",
        "POLLUX_ENV": "development",
        "POLLUX_JWT_SECRET": "(the development secret)",
        "POLLUX_JWKS_URL": "(unset)",
        "POLLUX_JWT_ISSUER": "(unset)",
        "POLLUX_JWT_AUDIENCE": "(unset)",
        "POLLUX_POLLING_POLICY": "adaptive",
        "POLLUX_REPLICA_URL": "(unset)",
        "POLLUX_REQUEST_BUDGET": "(unset)",
        "POLLUX_MAX_HELD": "10000",
        "POLLUX_GRAPHIQL": "on",
        "POLLUX_INTROSPECTION": "on",
        "POLLUX_ALLOWED_ORIGINS": "(unset)",
        "POLLUX_TRUSTED_DOCUMENTS": "(unset)",
        "POLLUX_METRICS_TOKEN": "(unset)",
        "LOG_LEVEL": "info",
        "LOG_FORMAT": "text",
        **Limits().shown_limits(),
        **RateSettings().shown_rates(),
    }


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {
        "DATABASE_URL": "postgres://pollux@db/pollux",
        "REDIS_URL": "rediss://cache:6380",
        "HOST": "0.0.0.0",
        "PORT": "0",
        "WEB_CONCURRENCY": "64",
        "POLLUX_ENV": "production",
        "POLLUX_JWKS_URL": "https://idp/keys",
        "POLLUX_JWT_ISSUER": "https://idp",
        "POLLUX_JWT_AUDIENCE": "chat",
        "POLLUX_POLLING_POLICY": "load",
        "POLLUX_REPLICA_URL": "postgres://pollux@standby/pollux",
        "POLLUX_REQUEST_BUDGET": "2500.5",
        "POLLUX_MAX_HELD": "500",
        "POLLUX_GRAPHIQL": "on",
        "POLLUX_INTROSPECTION": "off",
        "POLLUX_ALLOWED_ORIGINS": "https://a.example,https://b.example",
        "POLLUX_TRUSTED_DOCUMENTS": "documents.json",
        "LOG_LEVEL": "debug",
        "LOG_FORMAT": "json",
        **{variable: str(int(value) - 1) for variable, value in Limits().shown_limits().items()},
        **dict.fromkeys(RateSettings().shown_rates(), "30.5/40000"),
        "POLLUX_RATE_LIMIT": "off",
        "POLLUX_TRUSTED_PROXIES": "10.0.0.0/8,192.0.2.7/32,2001:db8::/32",
    }
    secrets = {"POLLUX_JWT_SECRET": SECRET, "POLLUX_METRICS_TOKEN": SECRET}
    shown = load_with(monkeypatch, **secrets, **environment).shown()
    assert shown == {**environment, **dict.fromkeys(secrets, "(hidden)")}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("DATABASE_URL", "mysql://db/pollux", STORES),
        ("DATABASE_URL", "pollux.db", STORES),
        ("DATABASE_URL", "sqlite://", STORES),
        ("DATABASE_URL", "sqlite://:memory:", STORES),
        ("DATABASE_URL", "postgres://db", STORES),
        ("DATABASE_URL", "postgres:///pollux", STORES),
        ("DATABASE_URL", "postgres://db/pollux?sslmode=maybe", STORES),
        ("DATABASE_URL", "postgres://db/pollux?pool=9", STORES),
        ("POLLUX_REPLICA_URL", "sqlite://copy.db", "allowed: postgresql://USER:PASSWORD@HOST:PORT/NAME, a standby"),
        ("POLLUX_REPLICA_URL", "postgres://db/pollux?pooler=transaction", "allowed: postgresql://"),
        ("POLLUX_REPLICA_URL", "postgres://standby/pollux", "allowed where DATABASE_URL is a PostgreSQL"),
        ("REDIS_URL", "http://cache", REDIS),
        ("REDIS_URL", "cache:6379", REDIS),
        ("REDIS_URL", "redis://", REDIS),
        ("REDIS_URL", "unix://", REDIS),
        ("REDIS_URL", "None", REDIS),
        ("REDIS_URL", "redis+sentinel://a:1,b:2", REDIS),
        ("REDIS_URL", "redis+sentinel:///mymaster", REDIS),
        ("REDIS_URL", "redis+cluster://", REDIS),
        ("REDIS_URL", "redis+cluster://a:1,b:2/1", REDIS),
        ("REDIS_URL", "redis+sentinel://a:1,,b/mymaster", REDIS),
        ("REDIS_URL", "redis+sentinel://a:0/mymaster", REDIS),
        ("REDIS_URL", "redis+sentinel://a:port/mymaster", REDIS),
        ("REDIS_URL", "redis+sentinel://a/mymaster?db=1", REDIS),
        ("REDIS_URL", "redis+sentinel://a/mymaster?ssl_ca_certs=/etc/hosts", REDIS),
        ("REDIS_URL", "rediss+sentinel://a/mymaster?ssl_ca_certs=/no/such/file", REDIS),
        ("REDIS_URL", "rediss+cluster://a?ssl_cert_reqs=none", REDIS),
        ("REDIS_URL", "rediss://a?ssl_check_hostname=no", REDIS),
        ("PORT", "65536", "allowed: 0 to 65535"),
        ("PORT", "-1", "allowed: 0 to 65535"),
        ("PORT", "http", "allowed: 0 to 65535"),
        ("WEB_CONCURRENCY", "0", "allowed: 1 to 64"),
        ("WEB_CONCURRENCY", "65", "allowed: 1 to 64"),
        ("WEB_CONCURRENCY", "auto", "allowed: 1 to 64"),
        ("POLLUX_JWKS_URL", "idp/keys", "allowed: https://HOST/PATH"),
        ("POLLUX_JWKS_URL", "file:///etc/keys", "allowed: https://HOST/PATH"),
        ("POLLUX_JWKS_URL", "https://idp:0/keys", "allowed: https://HOST/PATH"),
        ("POLLUX_MAX_TOKENS", "99", "allowed: 100 to 1000000"),
        ("POLLUX_MAX_COST", "much", "allowed: 10 to 1000000"),
        ("POLLUX_RATE_LIMIT", "no", "allowed: on or off"),
        ("POLLUX_RATE_SENDS", "20", "allowed: RATE/BURST"),
        ("POLLUX_RATE_SENDS", "0/10", "allowed: RATE/BURST"),
        ("POLLUX_RATE_CHANNEL", "10/0", "allowed: RATE/BURST"),
        ("POLLUX_RATE_ADDRESS_SENDS", "-1/5", "allowed: RATE/BURST"),
        ("POLLUX_TRUSTED_PROXIES", "10.0.0.0/8,proxy", "allowed: addresses or networks"),
        ("POLLUX_TRUSTED_PROXIES", "10.0.0.1/8", "allowed: addresses or networks"),
        ("POLLUX_ENV", "prod", "allowed: development or production"),
        ("POLLUX_POLLING_POLICY", "fast", "allowed: adaptive, activity or load"),
        ("POLLUX_REQUEST_BUDGET", "0", "allowed: polls a second, more than 0"),
        ("POLLUX_REQUEST_BUDGET", "inf", "allowed: polls a second, more than 0"),
        ("POLLUX_MAX_HELD", "-1", "allowed: 0 to 1000000"),
        ("POLLUX_MAX_CONNECTIONS", "9", "allowed: 10 to 1000000"),
        ("POLLUX_GRAPHIQL", "true", "allowed: on or off"),
        ("POLLUX_INTROSPECTION", "1", "allowed: on or off"),
        ("LOG_LEVEL", "INFO", "allowed: debug, info, warning or error"),
        ("LOG_FORMAT", "xml", "allowed: text or json"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str) -> None:
    said = wrong_with(monkeypatch, **{name: value})
    assert said.startswith(f"{name}={value} is wrong; {allowed}")
    assert "\n" not in said


def test_every_wrong_value_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    said = wrong_with(monkeypatch, PORT="http", LOG_LEVEL="loud", POLLUX_ENV="prod")
    assert {line.partition("=")[0] for line in said.splitlines()} == {"PORT", "LOG_LEVEL", "POLLUX_ENV"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://pollux:hunter2@db/pollux"),
        ("DATABASE_URL", "postgres://pollux:hunter2@db"),
        ("DATABASE_URL", "postgres://pollux:hunter2@db/pollux?sslmode=maybe"),
        ("POLLUX_REPLICA_URL", "postgres://pollux:hunter2@standby/pollux"),
        ("REDIS_URL", "http://:hunter2@cache"),
        ("REDIS_URL", "redis://pollux:hunter2@:6379"),
        ("POLLUX_JWT_SECRET", "hunter2"),
    ],
)
def test_a_wrong_value_keeps_its_secret(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    said = wrong_with(monkeypatch, **{name: value})
    assert name in said
    assert "hunter2" not in said


def test_shown_settings_keep_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    found = load_with(
        monkeypatch,
        DATABASE_URL="postgres://pollux:hunter2@db/pollux",
        POLLUX_REPLICA_URL="postgres://pollux:hunter4@standby/pollux",
        REDIS_URL="redis://pollux:hunter3@cache:6379/1",
        POLLUX_JWT_SECRET=SECRET,
    )
    shown = found.shown()
    assert shown["DATABASE_URL"] == "postgres://pollux:***@db/pollux"
    assert shown["REDIS_URL"] == "redis://pollux:***@cache:6379/1"
    assert not any(secret in " ".join(shown.values()) for secret in ("hunter", SECRET))
    assert SECRET not in f"{found!r}{found}"


def test_processes_without_a_redis_between_them_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    said = wrong_with(monkeypatch, REDIS_URL="none", WEB_CONCURRENCY="2")
    assert "REDIS_URL=none" in said
    assert "WEB_CONCURRENCY=2" in said
    assert load_with(monkeypatch, REDIS_URL="none", WEB_CONCURRENCY="1").redis_url == "none"


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "HOST", "PORT", "POLLUX_ENV", "POLLUX_JWT_SECRET", "LOG_LEVEL"])
def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    defaults = Settings.load().shown()
    assert load_with(monkeypatch, **{name: ""}).shown() == defaults


def test_variables_of_other_programs_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_with(
        monkeypatch, ENVIRONMENT="staging", GRAPHIQL="maybe", POLLING_POLICY="x", JWT_SECRET="theirs", JWT_ISSUER="theirs"
    )
    assert settings.uses_development_secret
    assert settings.jwt_issuer is None


@pytest.mark.parametrize("url", ["redis://h:abc", "redis://h:99999", "redis://h:6379/notanumber", "redis://"])
def test_a_redis_url_is_checked_to_its_end(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert wrong_with(monkeypatch, REDIS_URL=url).startswith(f"REDIS_URL={url} is wrong; {REDIS}")


def test_a_password_is_not_in_what_python_prints_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_with(
        monkeypatch, REDIS_URL="redis://:hidden1@h", DATABASE_URL="postgres://u:hidden2@h/db", POLLUX_JWT_SECRET="hidden3" * 9
    )
    assert "hidden" not in repr(settings) + str(settings)


@pytest.mark.parametrize("url", ["postgres://u:12/3@h/db", "postgres://u:p@h:abc/db", "postgres://[::1/db", "postgres://h/a/b"])
def test_a_wrong_database_url_says_what_is_allowed(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert "allowed: sqlite://PATH" in wrong_with(monkeypatch, DATABASE_URL=url)
