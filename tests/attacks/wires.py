"""Bytes that two readers could take for different requests, and frames against RFC 6455: written on the wire as they stand."""

import json
import struct
import zlib
from dataclasses import dataclass, field

from tests.asking import token
from tests.attacks.attack import JSON, MALLORY
from tests.attacks.sockets import INIT, PROTOCOL
from tests.attacks.target import METRICS_TOKEN

BODY = b'{"query":"{ viewer { name } }"}'
_SIZE = len(BODY)
_CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (_SIZE, BODY)
_TE = b"Transfer-Encoding: chunked\r\n"
_CL = b"Content-Length: %d\r\n" % _SIZE


@dataclass(frozen=True)
class WireAttack:
    """One attack: what is written, and the statuses of all answers; what comes after a refusal is never read."""

    name: str
    sent: bytes
    statuses: list[int]
    rows: tuple[int, ...] = field(default=(41,))


@dataclass(frozen=True)
class FrameAttack:
    """One attack: what is written after the handshake, and the code that the server closes with."""

    name: str
    sent: bytes
    closes: int
    rows: tuple[int, ...] = field(default=(42,))


def _post(name: str, headers: bytes, body: bytes = BODY, status: int = 400, line: bytes = b"POST /graphql HTTP/1.1") -> WireAttack:
    """Return a request, and behind it another that is answered 404 where the first one ends before it."""
    own = f"Host: x\r\nAuthorization: Bearer {token(MALLORY)}\r\nContent-Type: {JSON}\r\n".encode()
    behind = b"GET /behind HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    return WireAttack(
        f"wire: {name}", line + b"\r\n" + own + headers + b"\r\n" + body + behind, [status] if status == 400 else [status, 404]
    )


def _get(name: str, path: str, status: int, *headers: bytes) -> WireAttack:
    """Return a question by GET, with these headers alone."""
    head = [f"GET {path} HTTP/1.1".encode(), b"Host: x", b"Connection: close", *headers]
    return WireAttack(f"wire: {name}", b"\r\n".join(head) + b"\r\n\r\n", [status])


_NAME = "/graphql?query=%7Bviewer%7Bname%7D%7D"
_MALLORY, _NOBODY = f"Authorization: Bearer {token(MALLORY)}".encode(), b"Authorization: Bearer x"

ATTACKS = [
    _post("a length and chunks", _CL + _TE, _CHUNKED),
    _post("chunks and a length of 0", _TE + b"Content-Length: 0\r\n", _CHUNKED),
    _post("one length twice", _CL + _CL),
    _post("two lengths", _CL + b"Content-Length: 5\r\n"),
    _post("a list of lengths", b"Content-Length: %d, %d\r\n" % (_SIZE, _SIZE)),
    _post("a length with a sign", b"Content-Length: +%d\r\n" % _SIZE),
    _post("a length below nothing", b"Content-Length: -1\r\n"),
    _post("a hexadecimal length", b"Content-Length: 0x1f\r\n"),
    _post("a length in Arabic", "Content-Length: ٣١\r\n".encode()),
    _post("a length beyond all", b"Content-Length: 99999999999999999999999\r\n"),
    _post("a space before the colon", b"Content-Length : %d\r\n" % _SIZE),
    _post("an underscore", b"Content_Length: %d\r\n" % _SIZE),
    _post("another coding", b"Transfer-Encoding: xchunked\r\n", _CHUNKED),
    _post("chunks that are not the last coding", b"Transfer-Encoding: chunked, identity\r\n", _CHUNKED),
    _post("two codings", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", _CHUNKED),
    _post("a coding behind another sign", b"Transfer-Encoding: \x0bchunked\r\n", _CHUNKED),
    _post("a folded header", b"X-A: b\r\n c: d\r\n" + _CL),
    _post("a bare CR", b"X: a\rTransfer-Encoding: chunked\r\n" + _CL),
    _post("NUL in a header", b"X: a\x00b\r\n" + _CL),
    _post("two hosts", b"Host: y\r\n" + _CL),
    _post("two types", b"Content-Type: text/plain\r\n" + _CL),
    _post("20000 headers", b"".join(b"X%d: y\r\n" % number for number in range(20_000)) + _CL),
    _post("a chunk below nothing", _TE, b"-1\r\n"),
    _post("a chunk beyond all", _TE, b"fffffffffffffffff\r\n" + BODY),
    _post("a chunk of 0x1f", _TE, b"0x1f\r\n%b\r\n0\r\n\r\n" % BODY),
    _post("a chunk of 1_f", _TE, b"1_f\r\n%b\r\n0\r\n\r\n" % BODY),
    _post("chunks ended by LF", _TE, b"%x\n%b\n0\n\n" % (_SIZE, BODY)),
    _post("a chunk longer than it says", _TE, b"%x\r\n%bXX0\r\n\r\n" % (_SIZE, BODY)),
    _post("20000 trailers", _TE, b"%x\r\n%b\r\n0\r\n" % (_SIZE, BODY) + b"X: y\r\n" * 20_000 + b"\r\n"),
    _post("a method in small letters", _CL, line=b"post /graphql HTTP/1.1"),
    _post("another version", _CL, line=b"POST /graphql HTTP/1.2"),
    _post("packed chunks", b"Transfer-Encoding: gzip, chunked\r\n", _CHUNKED, 415),
    _post("a trailer that would be somebody else", _TE, b"%x\r\n%b\r\n0\r\nAuthorization: Bearer x\r\n\r\n" % (_SIZE, BODY), 200),
    _post("an extension of a chunk", _TE, b"%x;a=%b\r\n%b\r\n0\r\n\r\n" % (_SIZE, b"a" * 5000, BODY), 200),
    WireAttack("wire: lines ended by LF", _post("", _CL).sent.replace(b"\r\n", b"\n"), [400]),
    _get("one token", _NAME, 200, _MALLORY),
    _get("two tokens", _NAME, 400, _MALLORY, _NOBODY),
    _get("two tokens, the other way", _NAME, 400, _NOBODY, _MALLORY),
    _get("one token twice", _NAME, 400, _MALLORY, _MALLORY),
    _get("a token and none", _NAME, 400, _MALLORY, b"authorization:"),
    _get("a token that is no text", _NAME, 401, b"Authorization: Bearer \xff"),
    _get("a query twice", f"{_NAME}&query=%7Bviewer%7Bid%7D%7D", 400, _MALLORY),
    _get("two tokens of an operator", "/metrics", 401, f"Authorization: Bearer {METRICS_TOKEN}".encode(), _NOBODY),
    _get("an operator's token that is no text", "/metrics", 401, b"Authorization: Bearer \xff"),
    _get("an expectation", "/livez", 417, b"Expect: <script>"),
    _get("an expectation that is no text", "/nothing", 417, b"Expect: \xff"),
    WireAttack("wire: no host", b"GET /livez HTTP/1.1\r\n\r\n", [400]),
    WireAttack("wire: HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
    WireAttack("wire: garbage", b"\xff" * 100_000, [400]),
    WireAttack("wire: a line without end", b"GET /" + b"x" * 100_000, [414]),
    WireAttack("wire: a header without end", b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000, [431]),
]  # fmt: skip


def handshake(more: str = "") -> bytes:
    """Return the head of a request to speak by WebSocket."""
    key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    return (
        f"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}"
        f"Sec-WebSocket-Protocol: {PROTOCOL}\r\n{more}\r\n"
    ).encode()


def frame(kind: int, data: bytes, *, last: bool = True, reserved: int = 0, says: int | None = None) -> bytes:
    """Return a frame, masked with zeros; `says` is the length it pretends to have."""
    size = len(data) if says is None else says
    first = (last << 7) | (reserved << 4) | kind
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + bytes(4) + data


_MORE, _TEXT, _CLOSE, _PING = 0, 1, 8, 9
_PACKER = zlib.compressobj(wbits=-15)
_BOMB = _PACKER.compress(b" " * 5_000_000) + _PACKER.flush(zlib.Z_SYNC_FLUSH)
_IN = frame(_TEXT, json.dumps(INIT).encode())


def _end(code: int, reason: bytes = b"") -> bytes:
    return frame(_CLOSE, struct.pack("!H", code) + reason)


FRAMES = [
    FrameAttack("frame: a reserved bit", frame(_TEXT, b"{}", reserved=2), 1002),
    FrameAttack("frame: packed, which was not agreed", _IN + frame(_TEXT, _BOMB, reserved=4), 1002),
    FrameAttack("frame: of no kind", frame(3, b"{}"), 1002),
    FrameAttack("frame: of no kind of control", frame(11, b""), 1002),
    FrameAttack("frame: a long ping", frame(_PING, b"x" * 126), 1002),
    FrameAttack("frame: half a ping", frame(_PING, b"x", last=False), 1002),
    FrameAttack("frame: the rest of nothing", frame(_MORE, b"x"), 1002),
    FrameAttack("frame: a text within a text", frame(_TEXT, b"x", last=False) + frame(_TEXT, b"x"), 1002),
    FrameAttack("frame: 2^63 bytes", frame(_TEXT, b"", says=1 << 63), 1009),
    FrameAttack("frame: 100 MB", frame(_TEXT, b"", says=100_000_000), 1009),
    FrameAttack("frame: parts without end", _IN + frame(_TEXT, b"x", last=False) + frame(_MORE, b"x" * 1000, last=False) * 300, 1009),
    FrameAttack("frame: no UTF-8", _IN + frame(_TEXT, b"\xff\xfe"), 1007),
    FrameAttack("frame: no UTF-8 in parts", _IN + frame(_TEXT, b"\xe2\x82", last=False) + frame(_MORE, b"x"), 1007),
    FrameAttack("frame: an end of one byte", frame(_CLOSE, b"x"), 1002),
    FrameAttack("frame: an end by 999", _end(999), 1002),
    FrameAttack("frame: an end by 1005", _end(1005), 1002),
    FrameAttack("frame: an end with a reason that is no text", _end(1000, b"\xff"), 1007),
    FrameAttack("frame: words after the end", _end(1000) + _IN, 1000),
]  # fmt: skip
