"""Documents that cost more than they should, or ask what is not told."""

from tests.attacks.attack import JSON, NAME, Attack, post, raw

_COSTLY = "QUERY_TOO_COMPLEX"
_INVALID = "GRAPHQL_VALIDATION_FAILED"


def _times(count: int, text: str) -> str:
    return " ".join(text.replace("#", str(number)) for number in range(count))


def _refused(name: str, row: int, query: str, code: str = _COSTLY, status: int = 422, *, cheap: bool = True) -> Attack:
    return Attack(name, (row,), post(query), status, code, cheap)


_NESTED = "messages(first: 200) { nodes { channel { # } } }"
_CHAINED = (
    "query { viewer { ...f0 } } "
    + _times(90, "fragment f# on User { ...g# ...h# } fragment g# on User { id } fragment h# on User { name }")
    + "fragment f90 on User { id }"
)


_SEARCHES = "{" + _times(40, "a#: searchChannels(first: N) { nodes { lastMessage { author { name } } } }") + "}"


# Nearly as many tokens as are read, all of them right.
_WIDE = (
    "{" + _times(36, 'a#: messages(channelId: "x", first: 1) { nodes { id seq content createdAt author { id name } } }') + " # }"
)


def _doubling(both: str) -> str:
    """Return a chain of fragments that each spread the next one twice."""
    links = " ".join(f"fragment f{n} on User {{ {both.replace('#', f'...f{n + 1}')} }}" for n in range(40))
    return f"{{ viewer {{ ...f0 }} }} {links} fragment f40 on User {{ id }}"


def _nested(depth: int) -> str:
    inner = "id"
    for _ in range(depth):
        inner = _NESTED.replace("#", inner)
    return f'{{ channel(id: "<open>") {{ {inner} }} }}'


SHAPES = [
    _refused("1000 aliases", 1, "{" + _times(1000, "a#: viewer { id }") + "}"),
    _refused("60 aliases", 1, "{" + _times(60, "a#: viewer { id }") + "}"),
    _refused("1000 aliases below", 1, "{ viewer {" + _times(1000, "a#: id") + "} }"),
    _refused("aliases of a search", 1, "{" + _times(60, 'a#: searchChannels(text: "a") { nodes { id } }') + "}"),
    _refused("aliases of a change", 1, "mutation {" + _times(60, "a#: markAllNotificationsRead { userErrors { code } }") + "}"),
    _refused("a field 5000 times", 1, "{ viewer {" + _times(5000, "id") + "} }"),
    _refused("a field 1001 times", 1, "{ viewer {" + _times(1001, "id") + "} }"),
    _refused("__typename 5000 times", 1, "{" + _times(5000, "__typename") + "}"),
    _refused("500 skips", 1, "{ viewer { id" + _times(500, " @skip(if: false)") + "} }"),
    _refused("60 skips here and there", 1, "{ viewer {" + _times(60, "name @skip(if: true)") + "} }"),
    _refused("2000 unknown directives", 1, "{ viewer { id" + _times(2000, " @d#") + "} }"),
    _refused("unknown directives of a query", 1, "query" + _times(200, " @d#") + "{ viewer { id } }"),
    _refused("1000 arguments", 1, "{ channel(" + _times(400, 'a#: "x"') + ") { id } }"),
    _refused("a list of 5000", 1, "{ nodes(ids: [" + _times(5000, '"x"') + "]) { id } }"),
    _refused("an object 200 deep", 1, 'mutation { sendMessage(input: {channelId: "x", content: ' + "[" * 1500 + "]" * 1500 + "}) { userErrors { code } } }"),
    _refused("5000 variables", 1, "query(" + _times(5000, "$v#: ID") + ") { viewer { id } }"),
    _refused("overlap 150 by 150", 2, "{" + _times(150, "viewer {" + _times(150, "a#: id").replace("#", "x#") + "}") + "}"),
    _refused("overlap of 250", 2, "{" + _times(250, "viewer { id }") + "}"),
    _refused("overlap through fragments", 2, "{" + _times(80, "viewer { ...f# }") + "}" + _times(80, "fragment f# on User { id }")),
    _refused("overlap of inline fragments", 2, "{" + _times(300, "... { viewer { id } }") + "}"),
    _refused("pages 12 deep", 3, _nested(12)),
    _refused("pages of pages", 3, "{ channels(first: 200) { nodes { messages(first: 200) { nodes { content } } } } }"),
    _refused("pages of pages by absence", 3, "{ channels(first: 200) { nodes { messages { nodes { author { name } } } } } }"),
    _refused("members of channels", 3, "{ channels(first: 200) { nodes { members(first: 200) { nodes { user { name } } } } } }"),
    _refused("many searches", 3, _SEARCHES.replace("N", "200")),
    Attack("many searches by a variable", (3,), post("query($n: Int)" + _SEARCHES.replace("N", "$n"), n=200), 422, _COSTLY, cheap=True),
    _refused("many searches by default", 3, "query($n: Int = 200)" + _SEARCHES.replace("N", "$n")),
    _refused("many searches, and an error", 3, _SEARCHES.replace("N", "200").replace("{ nodes", "{ helo nodes")),
    _refused("pages of 5000 digits", 3, _SEARCHES.replace("N", "9" * 500)),
    _refused("nesting 100 deep", 3, "{ viewer " + "{ a " * 100 + "}" * 101),
    _refused("nesting 300 deep", 3, "{ viewer " + "{ a " * 300 + "}" * 301, "GRAPHQL_PARSE_FAILED", 400),
    _refused("nesting 500 deep", 3, "{ viewer " + "{ a " * 500 + "}" * 501),
    _refused("nesting by inline fragments", 3, "{ viewer " + "{ ... on User " * 900 + "{ id }" + "}" * 901, cheap=True),
    _refused("a fragment in itself", 4, "{ viewer { ...a } } fragment a on User { ...a }", _INVALID),
    _refused("two fragments in a circle", 4, "{ viewer { ...a } } fragment a on User { ...b } fragment b on User { ...a }", _INVALID),
    _refused("a long circle", 4, "{ viewer { ...f0 } }" + _times(50, "fragment f# on User { ...f# id }"), _INVALID),
    _refused("doubling fragments", 4, _doubling("a { # } b { # }")),
    _refused("doubling fragments in one place", 4, _doubling("# #")),
    _refused("very many fragments", 4, _CHAINED),
    _refused("fragments by aliases", 4, "{" + _times(40, "a#: viewer { ...f }") + "} fragment f on User {" + _times(40, "b#: id") + "}"),
    _refused("1010 fields through fragments", 4, "{" + _times(20, "a#: viewer { ...f }") + "} fragment f on User {" + _times(50, "x#") + "}"),
    _refused("as much as is read, with an error at its end", 6, _WIDE.replace("#", "helo"), _INVALID, cheap=False),
    _refused("as much as is read, with a variable too many", 6, "query($v: ID)" + _WIDE.replace("#", ""), _INVALID, cheap=False),
    _refused("101 operations", 4, _times(101, "query q# { viewer { id } }")),
]  # fmt: skip

QUESTIONS = [
    *(
        Attack(f"introspection: {name}", (6,), post(query), 422, _INVALID, cheap=True)
        for name, query in {
            "the schema": "{ __schema { types { name fields { name } } } }",
            "a type": '{ __type(name: "Mutation") { fields { name } } }',
            "beside others": "{ viewer { name } s: __schema { queryType { name } } }",
            "in a fragment": "{ ...f } fragment f on Query { __schema { queryType { name } } }",
            "in an inline fragment": '{ ... on Query { __type(name: "User") { name } } }',
            "in a circle": "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }",
        }.items()
    ),
    *(
        Attack(f"a near miss: {query}", (6,), post(query), 422, _INVALID, cheap=True)
        for query in (
            "{ helo }", "{ vewer { id } }", "{ viewer { nam } }", "{ channel(idd: 1) { id } }", "{ node(id: 1) { ... on Usr { id } } }",
            "mutation { sendMesage { id } }", "query($c: IDD) { viewer { id } }", "{ viewer { id @skp(if: true) } }",
        )
    ),
    Attack("two unnamed operations", (13,), post("{ viewer { id } } { viewer { name } }"), 422, _INVALID, cheap=True),
    Attack("which of two operations", (13,), post("query A { viewer { id } } query B { viewer { id } }"), 422, "BAD_REQUEST", cheap=True),
    Attack("an unknown operation", (13,), post(NAME, more={"operationName": "Missing"}), 422, "BAD_REQUEST", cheap=True),
    Attack("no operation", (13,), post("fragment f on User { id }"), 422, _INVALID, cheap=True),
    Attack("not GraphQL", (13,), post("{"), 400, "GRAPHQL_PARSE_FAILED", cheap=True),
    Attack("an unfinished text", (13,), post('{ channel(id: "'), 400, "GRAPHQL_PARSE_FAILED", cheap=True),
    Attack("a document of schema", (13,), post("type Query { a: Int }"), 422, _INVALID, cheap=True),
    Attack("a subscription by POST", (14,), post("subscription { sync { token } }"), 400, "BAD_REQUEST", cheap=True),
    Attack("a subscription for JSON", (14,), post("subscription { sync { token } }", accept=JSON), 400, "BAD_REQUEST", cheap=True),
    Attack("a batch of 200", (5,), raw(b"[" + b",".join([b'{"query":"{viewer{id}}"}'] * 200) + b"]"), 400, "BAD_REQUEST", cheap=True),
    Attack("a batch of one", (5,), raw(b'[{"query":"{viewer{id}}"}]'), 400, "BAD_REQUEST", cheap=True),
    Attack("a batch of none", (5,), raw(b"[]"), 400, "BAD_REQUEST", cheap=True),
]  # fmt: skip

ATTACKS = [*SHAPES, *QUESTIONS]
