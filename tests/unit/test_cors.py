"""CORS: an origin that is named gets its headers, any other gets none, and a wrong list stops the start."""

import pytest

from app.cors import Cors, parse_origins
from app.settings import Settings, WrongSettings

CHAT = "https://chat.example.org"


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        (CHAT, {CHAT}),
        (f"{CHAT}, http://localhost:5173 ,{CHAT}", {CHAT, "http://localhost:5173"}),
        ("http://127.0.0.1:3000,http://[::1]:3000", {"http://127.0.0.1:3000", "http://[::1]:3000"}),
        ("capacitor://localhost,chrome-extension://abcdef", {"capacitor://localhost", "chrome-extension://abcdef"}),
        ("https://xn--o39a.example:65535,http://a:443", {"https://xn--o39a.example:65535", "http://a:443"}),
    ],
)
def test_a_list_of_origins_is_read(monkeypatch: pytest.MonkeyPatch, text: str, origins: set[str]) -> None:
    assert parse_origins(text) == origins
    monkeypatch.setenv("POLLUX_ALLOWED_ORIGINS", text)
    assert Settings.load().allowed_origins == origins


@pytest.mark.parametrize(
    "text",
    ["*", "null", "chat.example.org", "https://", f"{CHAT}/", f"{CHAT}/app", f"{CHAT}?x", "https://Chat.example.org", "HTTPS://a",
     "https://a:443", "http://a:80", "http://a:0", "http://a:65536", "http://a:", "https://*.example.org", "https://u:p@a",
     "https://방.example", f"{CHAT},", f"{CHAT},,{CHAT}", f"{CHAT} https://b", " ", f"{CHAT}\n{CHAT}", "https://a..b", "file://"],
)  # fmt: skip
def test_what_no_browser_would_send_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("POLLUX_ALLOWED_ORIGINS", text)
    with pytest.raises(WrongSettings) as wrong:
        Settings.load()
    assert str(wrong.value).startswith("POLLUX_ALLOWED_ORIGINS=")
    assert "allowed: origins as browsers send them, separated by commas, such as https://" in str(wrong.value)


def test_every_site_is_no_site_that_may_speak_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLLUX_ALLOWED_ORIGINS", f"{CHAT},*")
    with pytest.raises(WrongSettings, match="\\* is refused, because requests speak for a person"):
        Settings.load()


def test_a_password_in_an_origin_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLLUX_ALLOWED_ORIGINS", "https://u:hunter2@chat.example.org")
    with pytest.raises(WrongSettings) as wrong:
        Settings.load()
    assert "hunter2" not in str(wrong.value)


def test_a_named_origin_may_call_and_read() -> None:
    cors = Cors(parse_origins(CHAT))
    assert cors.allows(CHAT)
    assert cors.headers(CHAT) == {
        "Access-Control-Allow-Origin": CHAT,
        "Access-Control-Expose-Headers": (
            "ETag, X-Poll-Interval, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Server-Timing, Cache-Status"
        ),
    }
    assert cors.preflight(CHAT) == {
        "Access-Control-Allow-Origin": CHAT,
        "Access-Control-Allow-Methods": "GET, POST, QUERY",
        "Access-Control-Allow-Headers": (
            "Authorization, Content-Type, If-None-Match, Apollo-Require-Preflight, X-Apollo-Operation-Name, traceparent,"
            " X-Client-Activity"
        ),
        "Access-Control-Max-Age": "7200",
    }


@pytest.mark.parametrize(
    "origin", [None, "", "null", "*", "http://chat.example.org", f"{CHAT}:8443", f"{CHAT}.evil.example", f"{CHAT}/", CHAT.upper()]
)
@pytest.mark.parametrize("allowed", [frozenset(), frozenset({CHAT})])
def test_any_other_origin_gets_nothing(origin: str | None, allowed: frozenset[str]) -> None:
    cors = Cors(allowed)
    assert not cors.allows(origin)
    assert (cors.headers(origin), cors.preflight(origin)) == ({}, {})
