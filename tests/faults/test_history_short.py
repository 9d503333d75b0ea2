"""The fault lab in its short form: one scenario of each kind, on both stores, and a control that must be found out.

`make faults` runs all of them, for longer; python -m tests.faults.history says how.
"""

import pytest

from tests.faults.history import scenarios
from tests.faults.history.scenarios import Scenario, run

SENDS, POLLS = 150, 600

SHORT = [
    ("postgres", scenarios.ALL_POSTGRES, 1),
    ("postgres", scenarios.RESTART_POSTGRES, 1),
    ("postgres", scenarios.FLUSH, 1),
    ("postgres", scenarios.STANDBY, 1),
    ("postgres", scenarios.CACHE_ASIDE, 1),
    ("postgres", scenarios.REDEPLOY, 1),
    ("sqlite", scenarios.KILL_WORKER, 2),
    ("sqlite", scenarios.ROLL_BACK, 2),
]


@pytest.mark.parametrize(("store", "scenario", "rounds"), SHORT, ids=lambda value: getattr(value, "name", str(value)))
def test_every_promise_holds_and_the_control_is_found_out(store: str, scenario: Scenario, rounds: int) -> None:
    row = run(scenario, store, sends=SENDS, polls=POLLS, progress=lambda _: None, rounds=rounds)
    assert row.problems == []
    # A fault that disturbed nobody has tested nothing.
    assert len(row.windows) >= rounds or scenario.control is not None
    assert bool(row.errors) is bool(scenario.allowed)
