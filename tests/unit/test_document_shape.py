"""The shape of a document: whatever it is, measuring it takes little, and what goes beyond a limit is named."""

import pytest
from graphql import Lexer, Source, TokenKind, get_introspection_query, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from app.document_shape import check_length, check_shape, tokens_in
from app.limits import Limits
from models.errors import TooComplex

LIMITS = Limits()
FRAGMENTS = " ".join(f"fragment F{number} on Query {{ id }}" for number in range(60))


def _many(count: int, item: str) -> str:
    return " ".join(item.replace("%", str(number)) for number in range(count))


def _doubled(steps: int, last: str) -> str:
    """Return fragments that each spread the next one twice, below two fields."""
    chain = _many(steps, "fragment D% on Query { a { ...D+ } b { ...D+ } }")
    for number in range(steps):
        chain = chain.replace("D+", f"D{number + 1}", 2)
    return f"{{ ...D0 }} {chain} fragment D{steps} on Query {{ {last} }}"


REFUSED = {
    "1,000 aliases": ("{" + _many(51, "a%: id") + "}", "aliases"),
    "aliases multiplied by fragments": (
        "{" + _many(11, "f% { ...F }") + "} fragment F on Query {" + _many(5, "a%: id") + "}",
        "aliases",
    ),
    "one field very often": ("{" + _many(64, "id") + "}", "too often"),
    "one object very often": ("{" + _many(64, "me { id }") + "}", "too often"),
    "one name below one name": ("{" + _many(45, "me { id }") + _many(20, "you { id }") + "}", "too often"),
    "overlapping selections": (
        "{" + _many(150, "me { ...F }") + "} fragment F on Query {" + _many(150, "f%") + "}",
        "too often",
    ),
    "fragments beside one another": ("{" + _many(60, "...F%") + "} " + FRAGMENTS, "30 fragments"),
    "directives in one place": ("{ id " + _many(5, "@d%") + "}", "in one place"),
    "directives everywhere": ("{" + _many(51, "f% @skip(if: true)") + "}", "directives"),
    "directives of an operation": ("query " + _many(5, "@d%") + " { id }", "directives"),
    "directives of variables": ("query(" + _many(51, "$v%: ID @d") + ") { id }", "directives"),
    "directives of spreads": (
        "{" + _many(40, "...F @d") + _many(11, "... @d { f% }") + "} fragment F on Query { x }",
        "directives",
    ),
    "fields": ("{" + _many(20, "f% { ...F }") + "} fragment F on Query {" + _many(50, "g%") + "}", "selects more than 1000"),
    "fields of fragments that nobody uses": (
        "{ id } fragment E on Query {" + _many(20, "f% { ...F }") + "} fragment F on Query {" + _many(50, "g%") + "}",
        "selects more than 1000",
    ),
    "fragments that nobody uses": ("{ id }" + _many(100, "fragment F% on Query { id }"), "operations and fragments"),
    "operations": (_many(101, "query Q% { id }"), "operations and fragments"),
    "arguments": ("{ id(" + _many(31, "a: 1") + ") }", "arguments"),
    "depth": ("{ me" * 15 + "{ id" + "}" * 16, "deeper than 15"),
    "a fragment below itself": ("{ ...F } fragment F on Query { me { ...F } }", "deeper than 15"),
    "fragments twice below themselves": ("{ ...F } fragment F on Query { a { ...F } b { ...F } }", "deeper|more than"),
    "chained double spreads": (_doubled(14, "id"), "more than"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_goes_beyond_a_limit_is_refused_with_the_limit(name: str) -> None:
    text, message = REFUSED[name]
    check_length(text, LIMITS)
    with pytest.raises(TooComplex, match=message):
        check_shape(parse(text), LIMITS)


@pytest.mark.parametrize(
    "text",
    [
        "{ ...F } fragment F on Query { ...F }",
        "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F id }",
        "{ ...Missing }",
        "type Query { id: ID }",
        "{" + _many(50, "a%: f%") + "}",
        "{" + _many(40, "id") + "}",
        "{" + _many(50, "f% @skip(if: true)") + "}",
        "{ me" * 14 + "{ id" + "}" * 15,
        "{" + _many(30, "...F%") + "} " + FRAGMENTS,
        get_introspection_query(input_value_deprecation=True, directive_is_repeatable=True),
    ],
)
def test_what_stays_within_the_limits_is_left_to_validation(text: str) -> None:
    check_length(text, LIMITS)
    check_shape(parse(text), LIMITS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{" + "id " * 2000 + "}", "1000 tokens"),
        ("{" + "," * 40_000 + "}", "32768 characters"),
        ('{ id(text: "' + "x" * 40_000 + '") }', "32768 characters"),
        ("@" * 1001, "1000 tokens"),
        ('"' * 20_000, "1000 tokens"),
        ('\\"""' * 8000, ""),
        ("\\" * 32_000, "1000 tokens"),
    ],
)
def test_a_text_that_is_too_long_is_not_parsed(text: str, message: str) -> None:
    if message:
        with pytest.raises(TooComplex, match=message):
            check_length(text, LIMITS)
    else:
        check_length(text, LIMITS)


_TEXTS = st.one_of(
    st.sampled_from(
        ["{", "}", "(", ")", ":", "!", "$", "@", "...", "|", "&", "=", "name", "_x1", "1", "-12", "1.5e+3", '""', '"a b"']
    ),
    st.sampled_from([r'"\"\\ #"', '"""a "quoted" ""b"""', '"""\\""" , """', '""""""', "# a comment {\n", ", ,", "\ufeff", "\n\t"]),
    st.text(alphabet="ab #,{}", max_size=5).map(lambda inside: f'"""{inside}"""'),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(_TEXTS, max_size=40))
def test_tokens_are_counted_as_the_parser_counts_them(parts: list[str]) -> None:
    text = " ".join(parts)
    lexer, count = Lexer(Source(text)), 0
    while lexer.advance().kind is not TokenKind.EOF:
        count += 1
    assert tokens_in(text, 10_000) == count


def test_limits_are_settings() -> None:
    text = "{" + _many(51, "a%: f%") + "}"
    check_shape(parse(text), Limits.model_validate({"POLLUX_MAX_ALIASES": 51}))
    with pytest.raises(TooComplex, match="more than 10 aliases"):
        check_shape(parse(text), Limits.model_validate({"POLLUX_MAX_ALIASES": 10}))
