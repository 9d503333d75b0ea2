"""A database that goes back while a poll is on its way: nothing of the old history may outlive the epoch it belongs to.

Rule: each script is the shortest known way to one mistake that the classes once made.
"""

from tests.model.conversation import Conversation, Plan

ONE = ("event", 1)
DISCOVERS = ("client 1, begins", "client 1, store *")  # a whole poll, by which the process learns of the new epoch


def _run(plan: Plan, *script: str) -> Conversation:
    run = Conversation(plan)
    run.follow(*script)
    return run


def test_nobody_joins_a_read_that_began_in_an_old_epoch() -> None:
    run = _run(
        Plan((ONE, ONE), clients=(0, 0), polls=1, with_redis=False, with_profiles=False, rewinds=1, faults=0),
        "commit", "client 0, begins", "client 0, store: heads *", "client 0, store: messages (7, 1, 1)",  # its answer is on the way
        "the database goes back", "commit", "client 1, begins", "client 1, store *", "client 0, store *", "client 1, store *",
    )  # fmt: skip
    assert run.over
    assert run.violation is None, run.violation


def test_a_run_of_an_old_epoch_is_not_put_back() -> None:
    run = _run(
        Plan((ONE, ONE, ONE), clients=(0, 0), with_redis=False, with_profiles=False, rewinds=1, faults=0),
        "commit", "client 0, begins", "client 0, store *", "commit", "client 0, begins", "client 0, store: heads *",
        "the database goes back", *DISCOVERS,
        "client 0, store *", "commit", "client 1, begins", "client 1, store *",
    )  # fmt: skip
    assert run.over
    assert run.violation is None, run.violation


def test_what_was_read_in_an_old_epoch_is_not_put_into_redis_under_the_new_one() -> None:
    run = _run(
        Plan((ONE, ONE), clients=(0, 0, 1), polls=1, with_profiles=False, rewinds=1, faults=0),
        "commit", "client 0, begins", "client 0, store: heads *", "client 0, redis *", "client 0, store: messages (7, 1, 1)",
        "the database goes back", *DISCOVERS, "client 0, store *", "commit", "redis takes *",
        "client 2, begins", "client 2, store *", "client 2, redis *", "client 2, store *",
    )  # fmt: skip
    assert run.over
    assert run.violation is None, run.violation


def test_the_profile_log_of_an_old_epoch_is_no_claim_in_the_new_one() -> None:
    run = _run(
        Plan((("profile", 1), ONE, ("profile", 1)), clients=(0, 0), polls=2, with_redis=False, rewinds=1, faults=0),
        "commit", "commit", "client 0, begins", "client 0, store: heads *", "client 0, store: messages (7, 1, 1)",
        "the database goes back", *DISCOVERS, "client 0, store *",
        "commit", "client 1, begins", "client 1, store *", "client 0, begins", "client 0, store *",
    )  # fmt: skip
    assert run.over
    assert run.violation is None, run.violation
