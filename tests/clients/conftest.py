"""A server that names short intervals, so that a test need not wait for seconds."""

import pytest

from realtime.pacing import PollingReason

INTERVAL_MS = 300


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.pacing._by_activity", lambda _: (INTERVAL_MS, PollingReason.BUSY))
    monkeypatch.setattr("realtime.pacing.NOTIFICATIONS_MS", INTERVAL_MS)
