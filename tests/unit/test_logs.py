"""Logs: one line a record; what people write cannot fake another record."""

import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest

from app.logs import TEXT, OneLine, configure_logs

FAKE = "2026-01-01 00:00:00,000 INFO    pollux: all is well"
BREAKS = ["\n", "\r", "\r\n", "\n\r\n"]


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Give back to pytest what configuring takes."""
    chatty = [logging.getLogger(name) for name in ("tortoise", "asyncio", "aiosqlite")]
    root = logging.getLogger()
    before, handlers = [(logger, logger.level) for logger in (root, *chatty)], root.handlers[:]
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    for logger, level in before:
        logger.setLevel(level)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what was logged, split as a log collector does."""
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.removesuffix("\n").split("\n")


@pytest.mark.parametrize("line_break", BREAKS)
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_message_is_one_line(capsys: pytest.CaptureFixture[str], form: Literal["text", "json"], line_break: str) -> None:
    configure_logs("info", form)
    logging.getLogger("pollux.test").info("a name: %s", f"Alice{line_break}{FAKE}")
    (line,) = _lines(capsys)
    assert "\r" not in line
    assert FAKE in line


@pytest.mark.parametrize("line_break", BREAKS)
def test_a_loggers_name_is_one_line_too(line_break: str) -> None:
    record = logging.LogRecord(f"pollux{line_break}{FAKE}", logging.INFO, __file__, 1, "hello", None, None)
    assert not {"\r", "\n"} & set(OneLine(TEXT).format(record))


def test_text_names_the_time_the_level_and_the_logger(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "text")
    logging.getLogger("pollux.test").warning("%d users, %s", 3, "김")
    (line,) = _lines(capsys)
    assert line.endswith(" WARNING pollux.test: 3 users, 김")


def test_json_gives_back_what_was_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    logging.getLogger("pollux.test").warning('"quoted" %s', f"a\r\n{FAKE} 김\x00\x1b[2K")
    (line,) = _lines(capsys)
    record = json.loads(line)
    assert record["message"] == f'"quoted" a\r\n{FAKE} 김\x00\x1b[2K'
    assert (record["level"], record["name"]) == ("WARNING", "pollux.test")
    assert {"time", "process"} <= record.keys()


def test_a_failure_in_json_is_one_line_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    try:
        json.loads("wrong")
    except ValueError:
        logging.getLogger("pollux.test").exception("failed")
    (line,) = _lines(capsys)
    assert "Traceback" in json.loads(line)["exc_info"]


@pytest.mark.parametrize(("level", "shown"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_only_the_level_and_above_are_logged(
    capsys: pytest.CaptureFixture[str], level: Literal["debug", "info", "warning", "error"], shown: int
) -> None:
    configure_logs(level, "text")
    log = logging.getLogger("pollux.test")
    for write in (log.debug, log.info, log.warning, log.error):
        write("hello")
    assert len(_lines(capsys)) == shown


def test_statements_with_peoples_words_are_not_logged_even_at_debug(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("debug", "text")
    for name in ("tortoise.db_client", "aiosqlite", "asyncio"):
        logging.getLogger(name).debug("INSERT INTO messages VALUES ('a secret')")
    assert _lines(capsys) == [""]


def test_an_exceptions_text_cannot_fake_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "text")
    try:
        raise ValueError(f"bad\n{FAKE}\u2028{FAKE}\x1b[31m")  # noqa: TRY301  # the text is what is tested
    except ValueError:
        logging.getLogger("pollux.test").exception("failed")
    lines = _lines(capsys)
    assert [line for line in lines[1:] if not line.startswith("    ")] == []
    assert "\x1b" not in "".join(lines)


def test_a_record_with_what_json_cannot_hold_is_not_lost(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    logging.getLogger("pollux.test").info("a name: %s", "\ud800")
    (line,) = _lines(capsys)
    assert json.loads(line)["message"] == "a name: \ud800"
