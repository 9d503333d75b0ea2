"""Measuring: reads the numbers that the parts count, when somebody asks for them.

Rule: parts count with plain integers and know nothing of metrics; here alone is said which number is which metric.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from graphql import OperationType

from app.graphql_view import PolluxView
from app.metrics import Sheet, Values
from app.poll_tally import Tally
from cache.dependencies import Level, News
from cache.redis_level import RedisLevel
from realtime.fleet import Fleet
from resolvers.services import Services

_STATM = Path("/proc/self/statm")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Measured(NamedTuple):
    """What is measured of one process; `redis` are the levels by what they are for."""

    services: Services
    redis: Mapping[str, RedisLevel]
    view: PolluxView


def measure(parts: Measured) -> Values:
    """Return the values of this moment."""
    sheet = Sheet()
    _of_answers(sheet, parts.view)
    _of_reads(sheet, parts.services)
    _of_stores(sheet, parts.services, parts.redis)
    _of_pacing(sheet, parts.services.pace.fleet)
    for demand, count in parts.view.shed.items():
        sheet.write("pollux_shed_total", count, demand.name.lower())
    sheet.write("pollux_tasks", len(asyncio.all_tasks()))
    sheet.write("pollux_workers", 1)
    sheet.write("pollux_process_cpu_seconds_total", time.process_time())
    resident = _resident_bytes()
    if resident is not None:
        sheet.write("pollux_process_resident_memory_bytes", resident)
    return sheet.values


def _of_answers(sheet: Sheet, view: PolluxView) -> None:
    counted = view.counted
    for tally in counted.tallies:
        if tally.operation is OperationType.MUTATION:
            sheet.write("pollux_mutation_duration_seconds", tally.duration, tally.kind)
            continue
        if tally.operation is OperationType.SUBSCRIPTION:
            for news in News:
                count = sum(tally.answers[news :: len(News)])
                sheet.write("pollux_pushes_total", count, tally.kind, news.name.lower())
            _of_staleness(sheet, tally)
            continue
        for level in Level:
            for news in News:
                count = tally.answers[len(News) * level + news]
                if count:
                    sheet.write("pollux_polls_total", count, tally.kind, level.name.lower(), news.name.lower())
        name = "pollux_held_poll_duration_seconds" if tally.held else "pollux_poll_duration_seconds"
        sheet.write(name, tally.duration, tally.kind)
        _of_staleness(sheet, tally)
    sheet.write("pollux_open_connections", counted.open_connections)
    sheet.write("pollux_polls_unchanged_total", counted.unchanged)
    for code, count in counted.errors.items():
        sheet.write("pollux_errors_total", count, code)
    if counted.kept is not None:
        sheet.write("pollux_kept_answers_total", counted.kept.hits, "held")
        sheet.write("pollux_kept_answers_total", counted.kept.stale, "stale")


def _of_staleness(sheet: Sheet, tally: Tally) -> None:
    if any(tally.staleness.counts):
        sheet.write("pollux_staleness_seconds", tally.staleness, tally.kind)


def _of_reads(sheet: Sheet, services: Services) -> None:
    for of, sizes in services.read_index.sizes.items():
        sheet.write("pollux_read_index_riders", sizes, of)
    waiters = services.wake.waiters
    sheet.write("pollux_waiting", waiters.held, "poll")
    sheet.write("pollux_waiting", len(waiters.waiting) - waiters.held, "subscription")
    sheet.write("pollux_waited_topics", len(waiters.topics))
    sheet.write("pollux_kept_bytes", services.memory.weight)


def _of_stores(sheet: Sheet, services: Services, redis: Mapping[str, RedisLevel]) -> None:
    for of, sizes, queued in (
        ("send", services.sends.sizes, services.sends.queued),
        ("notification", services.notifications.sizes, services.notifications.queued),
    ):
        sheet.write("pollux_group_commit_size", sizes, of)
        sheet.write("pollux_group_commit_queued", queued, of)
    for use, (opened, idle) in services.db.connections().items():
        sheet.write("pollux_database_connections", idle, use, "idle")
        sheet.write("pollux_database_connections", opened - idle, use, "busy")
    replica = services.recent.replica
    if replica is not None:
        for outcome, count in replica.outcomes.items():
            sheet.write("pollux_replica_pages_total", count, outcome.value)
    for use, level in redis.items():
        sheet.write("pollux_redis_operations_total", level.attempts, use)
        sheet.write("pollux_redis_failures_total", level.failures, use)
        sheet.write("pollux_redis_unreadable_total", level.unreadable, use)
        sheet.write("pollux_redis_breakers_open", level.rests, use)


def _of_pacing(sheet: Sheet, fleet: Fleet) -> None:
    sheet.write("pollux_loop_delay_seconds", fleet.meter.delays)
    if fleet.meter.load is not None:
        sheet.write("pollux_load_ratio", fleet.meter.load)
    if fleet.load is not None:
        sheet.write("pollux_fleet_load_ratio", fleet.load)
    sheet.write("pollux_polling_stretch_ratio", fleet.stretch)
    sheet.write("pollux_polling_clients", fleet.census.total())


def _resident_bytes() -> int | None:
    """Return the memory of this process, None where the system does not tell."""
    try:
        return int(_STATM.read_text().split()[1]) * _PAGE_BYTES
    except OSError:
        return None
