"""Tokens that cannot be continued: the page says why, and is a fresh start."""

from models.identity import bump_epoch
from tests.api.syncing import contents, synced
from tests.asking import Api


async def test_foreign_and_forged_tokens_are_a_fresh_start(api: Api) -> None:
    channel = await api.channel()
    await api.send(channel, "alice's own")
    token = (await synced(api))["token"]
    foreign = await synced(api, token, who="bob")
    assert (foreign["resetReason"], foreign["channels"]) == ("TOKEN_INVALID", [])
    for forged in ("", "nonsense", token[:-1], "A" + token[1:], token + "A", "A" * 9000):
        page = await synced(api, forged)
        assert (page["resetReason"], contents(page)) == ("TOKEN_INVALID", {channel: ["alice's own"]})


async def test_after_a_restore_the_page_says_so_and_starts_again(api: Api) -> None:
    channel = await api.channel()
    await api.send(channel, "hi")
    token = (await synced(api))["token"]
    await bump_epoch(api.services.db)
    page = await synced(api, token)
    assert (page["resetReason"], contents(page)) == ("HISTORY_REWRITTEN", {channel: ["hi"]})
    assert (await synced(api, page["token"]))["token"] == page["token"]


async def test_a_token_beyond_the_head_ends_the_epoch(api: Api) -> None:
    """The process has not seen the channel at that event itself: the token is all the evidence there is."""
    channel = await api.channel()
    await api.send(channel, "kept")
    token, before = (await synced(api))["token"], api.services.lineage.epoch_hex
    async with api.services.db.transaction() as tx:
        await tx.run("UPDATE channels SET last_event = last_event - 1")
        await tx.run("DELETE FROM channel_events WHERE number > 2")
        await tx.run("DELETE FROM messages")
        await tx.run("UPDATE channels SET last_message = 0")
    api.services.read_index._events.clear()
    page = await synced(api, token)
    assert (page["resetReason"], contents(page)) == ("HISTORY_REWRITTEN", {channel: []})
    assert api.services.lineage.epoch_hex != before
