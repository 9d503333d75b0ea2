"""URLs of stores: what is shown of them."""

import pytest

from models.store_url import StoreUrl, without_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://cache", "redis://cache"),
        ("redis://:s@cache", "redis://:***@cache"),
        ("redis://user:s%40:t@cache:1/0", "redis://user:***@cache:1/0"),
        ("redis://user@cache", "redis://user@cache"),
        ("unix:///run/valkey.sock", "unix:///run/valkey.sock"),
    ],
)
def test_a_password_is_hidden_and_the_rest_of_a_url_is_not(url: str, shown: str) -> None:
    assert without_password(url) == shown


@pytest.mark.parametrize("password", ["hunter2", "s%40t", "a:b", "p@ss"])
def test_a_store_is_shown_without_its_password(password: str) -> None:
    assert str(StoreUrl.parse(f"postgres://u:{password}@db:5432/pollux")) == "postgres://u:***@db:5432/pollux"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:pa/ss@host", "redis://:***@host"),
        ("redis://:p@ss@host", "redis://:***@host"),
        ("u:secret@h:6379", "u:***@h:6379"),
        ("redis://h?password=secret", "redis://h?password=***"),
        ("postgres://u:se/cret@h/db", "postgres://u:***@h/db"),
        ("postgres://h/db?password=secret&sslmode=require", "postgres://h/db?password=***&sslmode=require"),
        ("sqlite://var/pollux.db", "sqlite://var/pollux.db"),
    ],
)
def test_no_password_is_ever_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown
