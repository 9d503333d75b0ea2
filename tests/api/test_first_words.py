"""The main job, in the smallest: two people, one channel, a poll after a cursor."""

from tests.asking import Api


async def test_a_message_sent_by_one_is_polled_by_the_other_after_a_cursor(api: Api) -> None:
    channel = await api.channel("bob")
    before = await api.poll(channel, who="bob")
    sent = await api.send(channel, "hello")
    after = await api.poll(channel, who="bob", after=before["pageInfo"]["endCursor"])
    assert [edge["node"] for edge in after["edges"]] == [sent]
