"""The pages themselves: by the keyboard, on a phone, in Korean, small, and GraphiQL."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError as TookTooLong
from playwright.sync_api import expect

from tests.browser.conftest import SCREENSHOTS, Opens
from tests.servers.pollux import Server

PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all: nothing here depends on what was said before."""
    with Server(DATABASE_URL=f"sqlite://{tmp_path_factory.mktemp('pages') / 'pollux.db'}") as server:
        yield server


def test_all_is_done_by_the_keyboard(opens: Opens) -> None:
    page = opens("/?as=alice")
    expect(page.get_by_role("textbox", name="Message", exact=True)).to_be_focused(timeout=PATIENCE_MS)
    page.keyboard.type("By hand")
    page.keyboard.press("Enter")
    message = page.locator("[data-seq]").last
    expect(message).to_contain_text("By hand", timeout=PATIENCE_MS)

    def go_back_to(name: str) -> None:
        named = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
        for _ in range(30):
            page.keyboard.press("Shift+Tab")
            if page.evaluate(named) == name:
                return
        raise AssertionError(f"nothing called {name} has the focus")

    go_back_to("Edit")
    page.keyboard.press("Enter")
    expect(message.get_by_role("textbox", name="Editing")).to_be_focused(timeout=PATIENCE_MS)
    page.keyboard.type("!")
    page.keyboard.press("Enter")
    expect(message).to_contain_text("By hand! edited", timeout=PATIENCE_MS)
    expect(message.get_by_role("button", name="Edit")).to_be_focused(timeout=PATIENCE_MS)
    go_back_to("React")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="❤️ 1", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    expect(message.get_by_role("button", name="React", exact=True)).to_be_focused(timeout=PATIENCE_MS)
    go_back_to("Language")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Notifications")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Notifications")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Long polling")).to_be_checked()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_the_channels_and_then_the_room(opens: Opens, scheme: str) -> None:
    page = opens("/?as=alice", viewport={"width": 390, "height": 760}, color_scheme=scheme)
    channels = page.get_by_role("list", name="Channels")
    channels.get_by_role("button", name="general").wait_for(timeout=PATIENCE_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    channels.get_by_role("button", name="general").click()
    expect(page.get_by_role("log", name="Messages")).to_be_visible()
    expect(channels).to_be_hidden()
    page.screenshot(path=SCREENSHOTS / f"phone-{scheme}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_it_speaks_korean(opens: Opens) -> None:
    page = opens("/?as=alice", locale="ko-KR")
    expect(page.get_by_role("list", name="채널")).to_be_visible(timeout=PATIENCE_MS)
    assert page.locator("html").get_attribute("lang") == "ko"


def test_without_a_token_one_signs_in_by_name(opens: Opens) -> None:
    page = opens("/")
    page.get_by_role("textbox", name="Sign in as").fill("carol")
    page.get_by_role("button", name="Sign in").first.click()
    expect(page.get_by_text("Carol", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("You are in no channel yet")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("searchbox", name="Find a channel").fill("general")
    page.get_by_role("button", name="Join").click(timeout=PATIENCE_MS)
    expect(page.get_by_role("log", name="Messages")).to_be_visible(timeout=PATIENCE_MS)


def test_the_first_load_is_small(opens: Opens) -> None:
    page = opens("/?as=alice")
    page.get_by_role("list", name="Channels").wait_for()
    sizes = page.evaluate(
        "performance.getEntriesByType('resource').filter(e => e.name.includes('/assets/')).map(e => e.encodedBodySize)"
    )
    assert 0 < sum(sizes) < 150 * 1024


def test_graphiql_asks_no_far_host_and_runs_a_query_and_a_subscription(opens: Opens) -> None:
    page = opens("/graphql")
    result = page.locator(".result-window").get_by_text('"data"')
    for _ in range(20):  # a click that comes before the editor is ready does nothing
        page.get_by_role("button", name="Execute query").click(timeout=PATIENCE_MS)
        with suppress(TookTooLong):
            result.first.wait_for(timeout=3000)
            break
    expect(page.locator(".result-window")).to_contain_text('"data"', timeout=PATIENCE_MS)
    page.screenshot(path=SCREENSHOTS / "graphiql.png")
    page.get_by_role("tab", name="Sync").click()
    follow = page.get_by_role("menuitem", name="FollowSync")
    for _ in range(20):  # it offers a tab's operations as soon as it has read them, and until then runs the first
        page.get_by_role("button", name="Execute query").click(timeout=PATIENCE_MS)
        with suppress(TookTooLong):
            follow.wait_for(timeout=3000)
            break
    with page.expect_websocket(timeout=PATIENCE_MS) as opened:
        follow.click(timeout=PATIENCE_MS)
    assert opened.value.url.endswith("/graphql")
    expect(page.locator(".result-window")).to_contain_text("hasMore", timeout=PATIENCE_MS)
