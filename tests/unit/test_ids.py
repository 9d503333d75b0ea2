"""Node ids: one thing has exactly one id, and a text that is not exactly an id is malformed, never "not found"."""

import base64
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import BadUserInput
from models.ids import (
    ChannelId,
    InboxId,
    MemberId,
    MessageId,
    NodeId,
    NotificationId,
    UserId,
    decode,
    encode,
    read_varint,
    user_hash_hex,
    varint,
)

LARGEST = 2**63 - 1
KEYS = st.integers(min_value=0, max_value=LARGEST)
NODES: st.SearchStrategy[NodeId] = st.one_of(
    st.binary(min_size=16, max_size=16).map(lambda raw: UserId(raw.hex())),
    KEYS.map(ChannelId),
    st.builds(MessageId, KEYS, KEYS),
    st.builds(MemberId, KEYS, KEYS),
    st.builds(NotificationId, KEYS, KEYS),
    KEYS.map(InboxId),
)
URL_SAFE = re.compile(r"[A-Za-z0-9_-]+")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@settings(deadline=None, max_examples=200)
@given(NODES)
def test_an_id_decodes_to_what_it_names(node: NodeId) -> None:
    assert decode(encode(node)) == node


@settings(deadline=None, max_examples=200)
@given(NODES)
def test_an_id_needs_no_escaping_in_a_url(node: NodeId) -> None:
    assert URL_SAFE.fullmatch(encode(node))


@pytest.mark.parametrize(
    "node",
    [
        UserId("ff" * 16),
        ChannelId(LARGEST),
        MessageId(LARGEST, LARGEST),
        MemberId(LARGEST, LARGEST),
        NotificationId(LARGEST, LARGEST),
        InboxId(LARGEST),
        ChannelId(0),
    ],
)
def test_the_outermost_keys_have_ids(node: NodeId) -> None:
    assert decode(encode(node)) == node


@settings(deadline=None, max_examples=200)
@given(NODES, NODES)
def test_two_things_never_share_an_id(one: NodeId, other: NodeId) -> None:
    assert (encode(one) == encode(other)) == (one == other)


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.text(), st.text(alphabet="ABCDEYabcmnrui0189-_=", max_size=12)))
def test_any_text_is_the_one_id_of_something_or_malformed(text: str) -> None:
    try:
        node = decode(text)
    except BadUserInput:
        return
    assert encode(node) == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(encode(ChannelId(1)) + "=", id="padded"),
        pytest.param(encode(ChannelId(300)) + "==", id="padded twice"),
        pytest.param(" " + encode(ChannelId(1)), id="a space before"),
        pytest.param(encode(ChannelId(1)) + "\n", id="a line end after"),
        pytest.param(encode(ChannelId(1))[:2] + "." + encode(ChannelId(1))[2:], id="a sign that lax decoders skip"),
        pytest.param(encode(UserId("ff" * 16)).replace("_", "/"), id="the standard alphabet"),
        pytest.param("".join(chr(ord(sign) + 0xFEE0) for sign in encode(ChannelId(1))), id="full-width letters"),
        pytest.param(b"c\x01".hex(), id="hexadecimal"),
        pytest.param("YwF", id="bits behind the last byte"),
        pytest.param("\x00", id="NUL"),
        pytest.param(encode(ChannelId(1)) + "\x00", id="NUL after an id"),
        pytest.param("\ud800", id="a lone surrogate"),
        pytest.param(encode(ChannelId(1)) + "\udfff", id="a lone surrogate after an id"),
        pytest.param("1", id="a database key"),
        pytest.param("1 OR 1=1", id="SQL"),
        pytest.param("'; DROP TABLE messages; --", id="SQL that ends a statement"),
        pytest.param("'..redis.call('FLUSHALL')..'", id="Lua"),
        pytest.param("x\r\nFLUSHALL\r\n", id="the Redis protocol"),
        pytest.param("chat:{c1}:recent", id="a Redis key"),
        pytest.param("*", id="a Redis pattern"),
        pytest.param("../../etc/passwd", id="a path"),
        pytest.param("A" * 1_000_000, id="a megabyte"),
    ],
)
def test_a_text_that_is_no_id_is_bad_user_input(text: str) -> None:
    with pytest.raises(BadUserInput):
        decode(text)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"c", id="no key"),
        pytest.param(b"m\x01", id="half the keys"),
        pytest.param(b"c\x01\x02", id="one key too many"),
        pytest.param(b"m\x01\x02\x00", id="a byte too many"),
        pytest.param(b"i\x81\x00", id="a number longer than it must be"),
        pytest.param(b"c\x80", id="a number cut off"),
        pytest.param(b"c" + b"\xff" * 20, id="a number without end"),
        pytest.param(b"c" + varint(2**63), id="a number of 64 bits"),
        pytest.param(b"r\x01" + varint(2**69), id="a number of 70 bits"),
        pytest.param(b"u" + b"\xff" * 15, id="a hash too short"),
        pytest.param(b"u" + b"\xff" * 17, id="a hash too long"),
        pytest.param(b"z\x01\x02", id="an unknown kind"),
        pytest.param(b"C\x01", id="a kind in the other case"),
        pytest.param(b"\x00\x01", id="NUL for a kind"),
    ],
)
def test_well_encoded_bytes_that_name_nothing_are_bad_user_input(raw: bytes) -> None:
    with pytest.raises(BadUserInput):
        decode(_text(raw))


@settings(deadline=None, max_examples=200)
@given(KEYS, st.binary(max_size=4))
def test_a_varint_leaves_what_follows_it(number: int, rest: bytes) -> None:
    assert read_varint(varint(number) + rest) == (number, rest)


def test_a_user_is_known_by_issuer_and_subject_together() -> None:
    hashes = {user_hash_hex(issuer, subject) for issuer, subject in [("", "ab"), ("a", "b"), ("ab", ""), ("b", "a")]}
    assert len(hashes) == 4
    assert decode(encode(UserId(user_hash_hex("https://idp", "김")))) == UserId(user_hash_hex("https://idp", "김"))
