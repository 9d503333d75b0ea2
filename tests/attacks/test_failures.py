"""A defect whose text holds a secret is told to the log alone."""

import logging

import pytest

from resolvers.services import Services
from tests.asking import Api


async def test_a_failure_is_hidden_behind_a_request_id(
    api: Api, services: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    channel = await api.channel()

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("could not connect to postgres://pollux:hunter2@db.internal/pollux")

    monkeypatch.setattr("resolvers.message.written", fails)
    send = 'mutation($c: ID!) { sendMessage(input: {channelId: $c, content: "x"}) { message { id } } }'
    with caplog.at_level(logging.ERROR):
        body = await api.answer(send, {"c": channel})
    (error,) = body["errors"]
    assert error["message"] == "Something went wrong on the server."
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert not [word for word in ("hunter2", "postgres", "internal/", "RuntimeError", "File") if word in str(body)]
    (record,) = [one for one in caplog.records if one.name == "pollux.errors"]
    assert error["extensions"]["requestId"] in record.getMessage()
    caplog.clear()
