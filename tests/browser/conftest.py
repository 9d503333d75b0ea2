"""A server on embedded parts with the chat of two people, and Debian's Chromium to look at it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.servers.debian import program
from tests.servers.pollux import ROOT, Server

# Nothing is asked of far hosts, and a container needs no sandbox within it.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
SCREENSHOTS = ROOT / "var" / "screenshots"

# A busy machine takes its time; whatever waits, waits for something to happen.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)

Opens = Callable[..., Page]


def mention(server: Server, text: str) -> None:
    """Bob sends a message to `general` that mentions Alice, which the chat itself has no button for."""
    alice_id = server.ask("{ viewer { id } }", who="alice")["id"]
    channel_id = server.ask("{ channels { nodes { id } } }", who="bob")["nodes"][0]["id"]
    sent = server.ask(
        "mutation Say($input: SendMessageInput!) { sendMessage(input: $input) { userErrors { code } } }",
        {"input": {"channelId": channel_id, "content": text, "mentionIds": [alice_id]}},
        who="bob",
    )
    assert sent == {"userErrors": []}


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is; installed where that is possible."""
    found = program("chromium", "chromium", "chromium-browser", "google-chrome")
    if found is None:
        pytest.skip("there is no Chromium, and it cannot be installed here: apt-get install chromium")
    return found


@pytest.fixture
def browser(chromium: str) -> Iterator[Browser]:
    """A browser of one test: while Playwright's loop is there, tests of other files could have none."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS, timeout=PATIENCE_MS)
        yield browser
        browser.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server with what it begins with: Alice and Bob in the channel `general`, and a first message."""
    with Server(DATABASE_URL=f"sqlite://{tmp_path / 'pollux.db'}") as server:
        yield server


@pytest.fixture
def opens(browser: Browser, server: Server) -> Iterator[Opens]:
    """How somebody opens a page of the server. What the page complains about, or asks of others, fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        # Chromium says of every answer that did not come that it did not; the page has to bear that.
        if message.type == "error" and "net::" not in message.text and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def opened(path: str, **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]  # options as Playwright names them
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.grant_permissions(["notifications"])
        page = context.new_page()
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request", lambda request: None if request.url.startswith(("data:", server.url)) else complaints.append(request.url)
        )
        page.goto(server.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
