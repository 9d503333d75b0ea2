"""axe looks at the chat as it is used: in light and dark, on a desk and on a phone."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opens, mention
from tests.node import CLIENTS
from tests.servers.pollux import Server

PATIENCE_MS = 60_000
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 760}


def _barriers(page: Page) -> list[str]:
    """Return what axe calls serious or critical: each rule with the element that breaks it."""
    page.evaluate((CLIENTS / "node_modules" / "axe-core" / "axe.min.js").read_text())
    # Of what fades in, the end counts, not a moment on the way.
    page.evaluate("Promise.allSettled(document.getAnimations().map(one => one.finished))")
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    assert found["passes"], "axe has looked at nothing"
    return [
        f"{rule['id']}: {node['html']}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def _say(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Message", exact=True).fill(text)
    page.keyboard.press("Enter")


def test_axe_finds_what_keeps_people_out(opens: Opens) -> None:
    page = opens("/?as=alice")
    page.get_by_role("log", name="Messages").wait_for(timeout=PATIENCE_MS)
    page.evaluate("document.querySelector('h1').style.color = '#eee'; document.querySelector('h1').style.background = '#fff'")
    assert [one.split(":")[0] for one in _barriers(page)] == ["color-contrast"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier_in_a_conversation(opens: Opens, server: Server, scheme: str) -> None:
    desk, phone = (opens("/?as=alice", viewport=size, color_scheme=scheme) for size in (DESK, PHONE))
    mention(server, "Are you there?")
    channel = phone.get_by_role("list", name="Channels").get_by_role("button", name="general")
    message = desk.get_by_role("article").filter(has_text="Are you there").first
    message.hover(timeout=PATIENCE_MS)
    message.get_by_role("button", name="React", exact=True).click()
    message.get_by_role("button", name="React 👍").click()
    expect(message.get_by_role("button", name="👍 1")).to_be_visible(timeout=PATIENCE_MS)
    message.hover()
    message.get_by_role("button", name="Reply").click()
    _say(desk, "I am")
    own = desk.get_by_role("article").filter(has=desk.get_by_text("I am", exact=True))
    own.hover(timeout=PATIENCE_MS)
    own.get_by_role("button", name="Edit").click(timeout=PATIENCE_MS)
    expect(desk.get_by_role("button", name="Notifications")).to_contain_text("1", timeout=PATIENCE_MS)
    assert _barriers(desk) == []  # with a mention, a reaction, a reply and an editor open
    desk.keyboard.press("Escape")
    desk.get_by_role("button", name="Notifications").click()
    desk.get_by_role("dialog", name="Notifications").get_by_text("Are you there").wait_for(timeout=PATIENCE_MS)
    desk.get_by_role("searchbox", name="Find messages").evaluate("box => box.focus()")
    assert _barriers(desk) == []
    channel.wait_for(timeout=PATIENCE_MS)
    assert _barriers(phone) == []  # the channels, before one is open
    channel.click(timeout=PATIENCE_MS)
    phone.get_by_role("log", name="Messages").get_by_text("I am", exact=True).wait_for(timeout=PATIENCE_MS)
    assert _barriers(phone) == []
