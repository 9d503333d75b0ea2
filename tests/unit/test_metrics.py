"""Metrics: values of several processes are those of one, and what is written is what Prometheus reads."""

from pathlib import Path

import pytest
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from app.metrics import BY_NAME, MEASURES, Kind, Sheet, Values, merged, registry
from app.poll_tally import STALENESS_S, Tally
from app.shelf import Shelf
from cache.dependencies import Dependencies, Level, News
from models.histogram import Histogram

UNITS = ("_total", "_seconds", "_bytes", "_ratio")
COUNTS = ("pollux_read_index_riders", "pollux_group_commit_size", "pollux_group_commit_queued", "pollux_redis_breakers_open",
          "pollux_database_connections", "pollux_waiting", "pollux_waited_topics", "pollux_workers", "pollux_tasks",
          "pollux_open_connections", "pollux_polling_clients")  # fmt: skip


def _sheet(polls: int, waiting: int, load: float) -> Values:
    sheet = Sheet()
    sheet.write("pollux_polls_total", polls, "messages", "response", "none")
    sheet.write("pollux_waiting", waiting, "poll")
    sheet.write("pollux_load_ratio", load)
    sizes = Histogram(BY_NAME["pollux_group_commit_size"].bounds)
    sizes.observe(polls)
    sheet.write("pollux_group_commit_size", sizes, "send")
    return sheet.values


def _samples(values: Values) -> dict[tuple[str, tuple[str, ...]], float]:
    text = generate_latest(registry(values)).decode()
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_name_says_its_unit_and_what_is_counted_is_named() -> None:
    assert len(BY_NAME) == len(MEASURES)
    for measure in MEASURES:
        assert measure.name.startswith("pollux_")
        assert measure.name.endswith(UNITS) or measure.name in COUNTS
        assert measure.name.endswith("_total") is (measure.kind is Kind.COUNTER)
        assert tuple(sorted(measure.bounds)) == measure.bounds


def test_what_was_measured_is_read_back() -> None:
    samples = _samples(_sheet(3, 2, 0.5))
    assert samples["pollux_polls_total", ("messages", "response", "none")] == 3
    assert samples["pollux_waiting", ("poll",)] == 2
    assert samples["pollux_group_commit_size_bucket", ("2.0", "send")] == 0
    assert samples["pollux_group_commit_size_bucket", ("4.0", "send")] == 1
    assert samples["pollux_group_commit_size_bucket", ("+Inf", "send")] == 1
    assert samples["pollux_group_commit_size_sum", ("send",)] == 3
    assert samples["pollux_group_commit_size_count", ("send",)] == 1


def test_processes_add_up_but_for_the_highest_load() -> None:
    samples = _samples(merged([_sheet(3, 2, 0.5), _sheet(5, 1, 0.25)]))
    assert samples["pollux_polls_total", ("messages", "response", "none")] == 8
    assert samples["pollux_waiting", ("poll",)] == 3
    assert samples["pollux_load_ratio", ()] == 0.5
    assert samples["pollux_group_commit_size_bucket", ("+Inf", "send")] == 2


def test_labels_cannot_break_out_of_their_line() -> None:
    sheet = Sheet()
    sheet.write("pollux_errors_total", 1, 'a"\n} 5\\')
    assert _samples(sheet.values)["pollux_errors_total", ('a"\n} 5\\',)] == 1


def test_what_is_no_measure_cannot_be_written() -> None:
    with pytest.raises(KeyError):
        Sheet().write("pollux_secrets", 1)


def test_what_an_ended_process_counted_stays_and_what_it_was_goes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.lay(1, _sheet(3, 2, 0.75))
    shelf.lay(2, _sheet(5, 1, 0.25))
    shelf.ended(1)
    shelf.ended(1)
    shelf.ended(99)
    samples = _samples(shelf.all(3, _sheet(1, 0, 0.1)))
    assert samples["pollux_polls_total", ("messages", "response", "none")] == 9
    assert samples["pollux_waiting", ("poll",)] == 1
    assert samples["pollux_load_ratio", ()] == 0.25


def test_a_tally_counts_news_that_comes_to_those_who_were_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.poll_tally.time.time", lambda: 1000.0)
    monkeypatch.setattr("app.poll_tally.time.perf_counter", lambda: 7.002)
    tally = Tally("messages", None)  # type: ignore[arg-type]  # which operation it was is not counted here
    for newest_s, news in ((998.5, News.SOME), (900.0, News.SOME), (999.0, News.NONE)):
        depends = Dependencies()
        depends.newest_us, depends.news = int(newest_s * 1e6), news
        tally.answered(Level.STORE, depends, 7.0)
    assert tally.answers == [0] * 10 + [1, 2]
    assert (sum(tally.duration.counts), round(tally.duration.total, 6)) == (3, 0.006)
    assert tally.staleness.counts[STALENESS_S.index(2.0)] == sum(tally.staleness.counts) == 1
