"""Prices: what was reckoned once is what would be reckoned again."""

from typing import Any

from graphql import OperationDefinitionNode, get_operation_ast, parse
from hypothesis import given
from hypothesis import strategies as st

from schema.build import build_schema
from schema.cost import cost_of, value_of, work_of
from schema.price import MAX_KEPT, Prices

SCHEMA = build_schema()._schema
DOCUMENT = parse(
    "query($n: Int, $m: Int = 5, $ids: [ID!]!, $token: String) {"
    " channels(first: $n) { nodes { messages(last: $m) { nodes { id } } } } nodes(ids: $ids) { id }"
    " sync(token: $token, limit: $n) { channels { messages { id } } } }"
)
_node = get_operation_ast(DOCUMENT)
assert isinstance(_node, OperationDefinitionNode)
NODE = _node
NUMBERS = st.none() | st.integers(-3, 300)
VARIABLES = st.fixed_dictionaries(
    {"ids": st.lists(st.text(max_size=2), max_size=4)},
    optional={"n": NUMBERS, "m": NUMBERS, "token": st.none() | st.text(max_size=3)},
)
PRICES = Prices(SCHEMA, DOCUMENT, NODE)


@given(VARIABLES)
def test_a_price_is_what_the_operation_costs_with_these_variables(variables: dict[str, Any]) -> None:
    cost, work = (value_of(one(SCHEMA, DOCUMENT, NODE), variables) for one in (cost_of, work_of))
    for _ in range(2):
        assert PRICES.of(variables) == (cost, work)


def test_so_many_are_kept_and_no_more() -> None:
    prices = Prices(SCHEMA, DOCUMENT, NODE)
    for number in range(1, MAX_KEPT + 10):
        prices.of({"ids": [], "n": number})
    assert len(prices._kept) == MAX_KEPT
