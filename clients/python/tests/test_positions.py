"""Positions as texts."""

import pytest

from pollux_client import Head, Position


def test_a_position_comes_back_as_it_was_stored() -> None:
    position = Position("t1", {"c1": Head(3, "c1:3"), "c2": Head(None, "c2:9")}, whole=False)
    assert Position.from_json(position.to_json()) == position
    assert Position.from_json(Position().to_json()) == Position()


NONE = ["", "[]", "{}", '"t1"', '{"token": "t", "heads": [], "whole": true}', '{"token": "t", "heads": {"c": 1}}']


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_position_is_said(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of JSON, or of the position
        Position.from_json(text)
