"""Settings as an environment gives them."""

import pytest

from app.settings import Settings, WrongSettings

SECRET = "a-secret-of-this-test-that-is-long-enough"


def load(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings.load()


def wrong(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """Return what is said of an environment that does not start."""
    with pytest.raises(WrongSettings) as wrong:
        load(monkeypatch, **environment)
    assert wrong.value.__suppress_context__
    return str(wrong.value)
