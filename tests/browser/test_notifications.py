"""The browser shows a notification once, whichever tabs are open and whatever they do; and none that nobody wants to see."""

from datetime import UTC, datetime

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Opens, mention
from tests.servers.pollux import Server

PATIENCE_MS = 60_000

# Each tab writes down what it has the browser show, and what the browser says that it showed, and keeps both over a reload.
RECORD = """
const note = (list, text) => { sessionStorage[list] = JSON.stringify([...JSON.parse(sessionStorage[list] ?? '[]'), text]); };
window.Notification = class extends Notification {
  constructor(title, options) {
    super(title, options);
    note('made', options.body);
    this.addEventListener('show', () => note('shown', options.body));
  }
};"""
# Whatever asked before to write down what it shows has been answered, in every tab.
SETTLED = """name => new Promise((resolve, reject) => {
  const opening = indexedDB.open(name);
  opening.onerror = reject;
  opening.onsuccess = () => {
    const last = opening.result.transaction(name, 'readwrite');
    last.oncomplete = resolve;
    last.onabort = reject;
    opening.result.close();
  };
})"""


def _tabs(opens: Opens) -> tuple[BrowserContext, list[Page]]:
    """Open two tabs of Alice's, the second in front of the first."""
    first = opens("/?as=alice")
    context = first.context
    context.add_init_script(RECORD)
    first.reload()
    second = context.new_page()
    second.goto(first.url)
    for tab in context.pages:
        tab.get_by_role("log", name="Messages").wait_for(timeout=PATIENCE_MS)
    return context, context.pages


def _knows(page: Page, count: int) -> None:
    """Wait until a page has heard of so many mentions, and has had the browser show whichever it is going to show."""
    expect(page.get_by_role("button", name="Notifications")).to_contain_text(str(count), timeout=PATIENCE_MS)
    page.evaluate(SETTLED, "pollux-shown-notifications")


def _assert_shown(tabs: list[Page], said: list[str]) -> None:
    made = [text for tab in tabs for text in tab.evaluate("JSON.parse(sessionStorage.made ?? '[]')")]
    assert sorted(made) == sorted(said)
    for tab in tabs:  # the browser says so a moment later
        tab.wait_for_function("sessionStorage.shown === sessionStorage.made", timeout=PATIENCE_MS)


def test_two_tabs_show_a_mention_once_over_transports_reloads_and_a_lost_network(opens: Opens, server: Server) -> None:
    context, tabs = _tabs(opens)
    said: list[str] = []

    def look() -> None:
        said.append(f"Look, number {len(said)}")
        mention(server, said[-1])

    def choose(transport: str) -> None:
        for tab in tabs:
            tab.get_by_role("radio", name=transport, exact=True).check(force=True)

    for transport in ("WebSocket", "Long polling"):
        choose(transport)
        look()
        for tab in tabs:
            _knows(tab, len(said))
    choose("Polling")
    context.set_offline(offline=True)
    look()
    context.set_offline(offline=False)
    for tab in tabs:
        _knows(tab, len(said))
        tab.reload()
        _knows(tab, len(said))
    _assert_shown(tabs, said)


def test_what_comes_while_the_page_loads_is_shown_and_what_was_seen_elsewhere_or_is_not_allowed_is_not(
    opens: Opens, server: Server
) -> None:
    context, (tab, other) = _tabs(opens)
    other.close()
    address = tab.url
    tab.clock.set_fixed_time(datetime.now(UTC))  # however slow the machine is, it comes soon
    tab.goto("about:blank")
    mention(server, "while it loads")
    tab.goto(address)
    _knows(tab, 1)

    context.set_offline(offline=True)
    mention(server, "seen elsewhere")
    assert server.ask("mutation { markAllNotificationsRead { inbox { unreadCount } } }") == {"inbox": {"unreadCount": 0}}
    context.set_offline(offline=False)
    expect(tab.get_by_role("button", name="Notifications")).to_have_text("Notifications", timeout=PATIENCE_MS)

    context.clear_permissions()
    mention(server, "not allowed")
    _knows(tab, 1)
    _assert_shown([tab], ["while it loads"])
