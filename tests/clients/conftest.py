"""A server that names short intervals, so that a test need not wait for seconds."""

import pytest

from realtime.pacing import PollingReason

INTERVAL_MS = 300


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.tables.by_activity", lambda *_: (INTERVAL_MS, PollingReason.BUSY))
    monkeypatch.setattr("realtime.tables.NOTIFICATIONS_MS", INTERVAL_MS)
