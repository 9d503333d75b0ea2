"""Two people talk, whatever happens meanwhile: every message is shown to both, once and in order."""

import signal

from playwright.sync_api import Page, expect

from tests.browser.conftest import SCREENSHOTS, Opens
from tests.servers.pollux import Server

PATIENCE_MS = 60_000


def _say(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Message", exact=True).fill(text)
    page.keyboard.press("Enter")


def _sees(page: Page, text: str) -> None:
    expect(page.get_by_role("log", name="Messages").get_by_text(text, exact=True)).to_have_count(1, timeout=PATIENCE_MS)


def _shown(page: Page) -> list[str]:
    """Return what the log shows, upwards to its first message."""
    older = page.get_by_role("button", name="Older messages")
    while older.count():
        first = page.locator("[data-seq]").first.get_attribute("data-seq")
        older.click(timeout=PATIENCE_MS)
        page.wait_for_function(
            "first => document.querySelector('[data-seq]').dataset.seq !== first", arg=first, timeout=PATIENCE_MS
        )
    return [text.strip() for text in page.locator("[data-seq] > .content").all_inner_texts()]


def _choose(page: Page, transport: str) -> None:
    radio = page.get_by_role("radio", name=transport, exact=True)
    radio.check(force=True)
    expect(radio).to_be_checked()


def test_two_hundred_messages_reach_both_whatever_happens(opens: Opens, server: Server) -> None:
    alice, bob = opens("/?as=alice"), opens("/?as=bob")
    said: list[str] = []

    def talk(rounds: int) -> None:
        for _ in range(rounds):
            for page, who in ((alice, "Alice"), (bob, "Bob")):
                said.append(f"{who} says {len(said)}")
                _say(page, said[-1])
                _sees(page, said[-1])
        for page in (alice, bob):
            _sees(page, said[-1])
            _sees(page, said[-2])

    talk(20)
    bob.reload()
    _sees(bob, said[-1])
    talk(20)
    bob.context.set_offline(offline=True)
    expect(bob.get_by_text("You are offline")).to_be_visible(timeout=PATIENCE_MS)
    bob.screenshot(path=SCREENSHOTS / "offline.png")
    for _ in range(10):
        said.append(f"Alice says {len(said)}")
        _say(alice, said[-1])
        _sees(alice, said[-1])
    bob.context.set_offline(offline=False)
    _sees(bob, said[-1])
    server.stop(signal.SIGTERM)
    server.start()
    talk(15)
    for transport in ("WebSocket", "Long polling", "Polling"):
        _choose(alice, transport)
        _choose(bob, transport)
        talk(13)
    talk((200 - len(said)) // 2)
    assert len(said) == 200
    # Both send at once, so the order is the server's: the same for both.
    shown = _shown(alice)[1:]  # the first is the server's own
    assert sorted(shown) == sorted(said)
    assert _shown(bob)[1:] == shown
    alice.screenshot(path=SCREENSHOTS / "chat.png")


def test_text_is_only_ever_text(opens: Opens) -> None:
    alice = opens("/?as=alice")
    wild = "<img src=x onerror=alert(1)> <b>bold</b> javascript:alert(1)"
    _say(alice, wild)
    _sees(alice, wild)
    assert alice.locator(".log img, .log b, .log a").count() == 0


def test_answers_edits_reactions_deletion_and_leaving(opens: Opens) -> None:
    alice, bob = opens("/?as=alice"), opens("/?as=bob")
    _say(alice, "Shall we?")
    _sees(bob, "Shall we?")
    message = bob.get_by_role("article").filter(has_text="Shall we?").first
    message.hover()
    message.get_by_role("button", name="React", exact=True).click()
    message.get_by_role("button", name="React 👍").click()
    message.hover()
    message.get_by_role("button", name="Reply").click()
    _say(bob, "We shall")
    _sees(alice, "We shall")
    expect(alice.get_by_role("button", name="👍 1")).to_be_visible(timeout=PATIENCE_MS)
    expect(alice.get_by_role("button", name="Notifications")).to_contain_text("1", timeout=PATIENCE_MS)
    own = alice.get_by_role("article").filter(has_text="Shall we?").first
    own.hover()
    own.get_by_role("button", name="Edit").click()
    alice.get_by_role("textbox", name="Editing").fill("Shall we go?")
    alice.keyboard.press("Enter")
    expect(bob.locator("[data-seq='2'] > .content")).to_contain_text("Shall we go? edited", timeout=PATIENCE_MS)
    alice.on("dialog", lambda dialog: dialog.accept())
    own = alice.locator("[data-seq='2']")
    own.hover()
    own.get_by_role("button", name="Delete").click()
    expect(bob.locator("[data-seq='2'] > .content")).to_have_text("deleted", timeout=PATIENCE_MS)
    # The only owner is told why she cannot leave; a member can.
    alice.get_by_role("button", name="Leave channel").click()
    expect(alice.get_by_role("alert")).to_contain_text("owner", timeout=PATIENCE_MS)
    bob.on("dialog", lambda dialog: dialog.accept())
    bob.get_by_role("button", name="Leave channel").click()
    expect(bob.get_by_text("You are in no channel yet")).to_be_visible(timeout=PATIENCE_MS)


def test_a_hidden_page_stops_polling_and_catches_up_by_one_request(opens: Opens) -> None:
    """Headless Chromium hides no page, so the page is told that it is hidden."""
    alice, bob = opens("/?as=alice"), opens("/?as=bob")
    _say(alice, "before")
    _sees(bob, "before")
    hide = "hidden => { Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });"
    hide += " Object.defineProperty(document, 'visibilityState', { configurable: true, value: hidden ? 'hidden' : 'visible' });"
    hide += " document.dispatchEvent(new Event('visibilitychange', { bubbles: true })); }"
    bob.evaluate(hide, True)
    asked: list[str] = []
    bob.on("request", lambda request: asked.append(request.post_data or "") if request.url.endswith("/graphql") else None)
    bob.wait_for_timeout(6000)  # more than an interval: one may have been under way
    asked.clear()
    _say(alice, "meanwhile")
    _sees(alice, "meanwhile")
    bob.wait_for_timeout(6000)
    assert asked == []
    bob.evaluate(hide, False)
    _sees(bob, "meanwhile")
    assert len([one for one in asked if "query Sync" in one]) == 1


def test_what_is_not_sent_yet_outlives_a_reload(opens: Opens) -> None:
    alice, bob = opens("/?as=alice"), opens("/?as=bob")
    _say(alice, "first")
    _sees(bob, "first")
    alice.route(
        "**/graphql", lambda route: route.abort() if "sendMessage" in (route.request.post_data or "") else route.continue_()
    )
    for text in ("never left", "nor did this"):
        _say(alice, text)
        expect(alice.get_by_role("log", name="Messages").get_by_text(text)).to_be_visible(timeout=PATIENCE_MS)
    alice.unroute("**/graphql")
    alice.reload()
    for text in ("never left", "nor did this"):
        for page in (alice, bob):
            _sees(page, text)
    alice.reload()
    _say(alice, "last")
    for page in (alice, bob):
        _sees(page, "last")
        expect(page.locator("[data-seq]")).to_have_count(5, timeout=PATIENCE_MS)  # with the server's own, and none on its way
        assert sorted(_shown(page)[1:]) == ["first", "last", "never left", "nor did this"]


def test_messages_are_found_by_their_words(opens: Opens) -> None:
    page, bob = opens("/?as=alice"), opens("/?as=bob")
    _say(page, "The needle is here")
    _sees(bob, "The needle is here")  # the server has it: what is on its way is not found
    page.get_by_role("searchbox", name="Find messages").fill("needle")
    found = page.get_by_role("list", name="Found messages")
    expect(found.get_by_text("The needle is here", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("searchbox", name="Find messages").fill("haystack")
    expect(page.get_by_text("No message here has these words")).to_be_visible(timeout=PATIENCE_MS)
