"""Every mutation asked for by everybody of the table: who may not is told so by its code, and nothing is changed."""

import json
from typing import Any

import pytest

from models.database import Database
from schema.build import build_schema
from tests.asking import Api
from tests.authorization.changes import BY_TOKEN, IN_CHANNELS, OF_ONES_OWN
from tests.authorization.table import PEOPLE, SEERS
from tests.authorization.world import SECRET, Place, bearer, place

# All that is stored for people, but that they were seen.
TABLES = (
    "channels", "channel_members", "channel_events", "messages", "message_mentions", "message_reactions", "notifications",
    "user_log", "inboxes",
)  # fmt: skip


def test_every_mutation_is_in_the_table() -> None:
    mutations = build_schema()._schema.mutation_type
    assert mutations is not None
    assert set(mutations.fields) == {*IN_CHANNELS, *BY_TOKEN, *OF_ONES_OWN}


async def _stored(db: Database) -> list[Any]:
    rows = [await db.rows(f"SELECT * FROM {table}") for table in TABLES]
    return [sorted(str(sorted(row.items())) for row in table) for table in rows]


async def _asked(made: Place, name: str, arguments: str, who: str) -> tuple[str | None, str]:
    """Return the code of what refused a mutation, None where it was made, and the whole answer."""
    used = [one for one in made.names if f"${one}" in arguments]
    types = ", ".join(f"${one}: {'String' if one == 'cursor' else 'ID'}!" for one in used)
    query = f"mutation{f'({types})' if used else ''} {{ {name}({arguments}) {{ userErrors {{ code }} }} }}"
    payload = {"query": query, "variables": {one: made.names[one] for one in used}}
    headers = {"Authorization": f"Bearer {bearer(who)}"}
    response = await made.api.client.post("/graphql", json=payload, headers=headers)
    body = await response.json()
    if "errors" in body:
        return str(body["errors"][0]["extensions"]["code"]), json.dumps(body)
    mistakes = body["data"][name]["userErrors"]
    return mistakes[0]["code"] if mistakes else None, json.dumps(body)


@pytest.mark.parametrize("kind", SEERS)
async def test_each_is_answered_what_the_table_says_and_what_is_refused_changes_nothing(api: Api, kind: str) -> None:
    made = await place(api, kind)
    for name, change in IN_CHANNELS.items():
        answers = dict(zip(PEOPLE, getattr(change, kind.lower()), strict=True))
        before = await _stored(api.services.db)
        for who, code in answers.items():
            if code is not None:
                found, body = await _asked(made, name, change.asked, who)
                assert found == code, (name, who)
                assert SECRET not in body
        assert await _stored(api.services.db) == before, name
        in_private = dict(zip(PEOPLE, change.private, strict=True))
        for who, code in answers.items():
            # What members may in a private channel they may elsewhere, which is not worth as many channels.
            if code is None and (kind == "PRIVATE" or in_private[who] is not None):
                made = await place(api, kind, again=True)
                assert (await _asked(made, name, change.asked, who))[0] is None, (name, who)
        made = await place(api, kind, again=True)


async def test_a_back_end_alone_notifies_others(api: Api) -> None:
    made = await place(api, "PUBLIC")
    for name, arguments in BY_TOKEN.items():
        before = await _stored(api.services.db)
        for who in PEOPLE:
            if who != "service":
                assert (await _asked(made, name, arguments, who))[0] == "FORBIDDEN"
        assert await _stored(api.services.db) == before
        assert (await _asked(made, name, arguments, "service"))[0] is None


async def test_nothing_is_changed_for_who_is_nobody(api: Api) -> None:
    for name in (*IN_CHANNELS, *BY_TOKEN, *OF_ONES_OWN):
        query = f"mutation {{ {name} {{ userErrors {{ code }} }} }}"
        for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Basic YWxpY2U6eA=="}):
            response = await api.client.post("/graphql", json={"query": query}, headers=headers)
            assert response.status == 401
            assert (await response.json())["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
