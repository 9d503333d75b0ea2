"""Bytes on the wire get one answer each, and never two for what was one request to somebody else."""

import http.client
import io
import re
import socket
import struct

import pytest

from tests.asking import token
from tests.attacks.attack import JSON, MALLORY
from tests.attacks.target import Target, is_data, tells_nothing
from tests.attacks.wires import ATTACKS, BODY, FRAMES, FrameAttack, WireAttack, handshake

_PATIENCE_S = 20
_CLOSE = 8
_ONE_READ = 16_000


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_bytes_are_one_request_or_none(target: Target, attack: WireAttack) -> None:
    heard = _heard(target, attack.sent)
    found = [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", heard)]
    # Refused before it is read to its end, a long request can lose its answer on the way.
    assert found == attack.statuses or (len(attack.sent) > _ONE_READ and not heard)
    tells_nothing(heard)
    for head in re.findall(rb"HTTP/1\.[01] \d{3} [^\r]*\r\n(.*?\r\n\r\n)", heard, re.DOTALL):
        is_data(http.client.parse_headers(io.BytesIO(head)))
    target.healthy_poll()


@pytest.mark.parametrize("tokens", [(MALLORY, "x"), ("x", MALLORY), (MALLORY, MALLORY)])
def test_of_two_tokens_none_is_believed_however_often_they_are_sent(target: Target, tokens: tuple[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", target.server.port, timeout=_PATIENCE_S)
    for _ in range(4):  # a head that was read before is not parsed again
        connection.putrequest("POST", "/graphql")
        for name in tokens:
            connection.putheader("Authorization", f"Bearer {token(name) if name == MALLORY else name}")
        connection.putheader("Content-Type", JSON)
        connection.putheader("Content-Length", str(len(BODY)))
        connection.endheaders(BODY)
        answer = connection.getresponse()
        assert (answer.status, b"Send one Authorization header" in answer.read()) == (400, True)
    connection.close()
    target.healthy_poll()


@pytest.mark.parametrize("attack", FRAMES, ids=lambda attack: attack.name)
def test_frames_against_the_protocol_end_the_connection(target: Target, attack: FrameAttack) -> None:
    heard = _heard(target, handshake("Sec-WebSocket-Extensions: permessage-deflate\r\n") + attack.sent)
    head, _, frames = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101")
    assert b"Extensions" not in head
    assert _closes(frames) == attack.closes
    target.healthy_poll()


def _heard(target: Target, sent: bytes) -> bytes:
    """Return all that comes back until the server closes the connection."""
    heard = b""
    with socket.create_connection(("127.0.0.1", target.server.port), timeout=_PATIENCE_S) as raw:
        try:
            raw.sendall(sent)
            while chunk := raw.recv(65536):
                heard += chunk
        except (ConnectionResetError, BrokenPipeError):
            # Closed before it was sent to its end; an answer that is there already is read all the same.
            pass
    return heard


def _closes(frames: bytes) -> int:
    """Return the code of the frame that closes a connection."""
    while frames[0] & 15 != _CLOSE:
        frames = frames[2 + frames[1] :]  # of these none is longer than 125
    (code,) = struct.unpack("!H", frames[2:4])
    return int(code)
