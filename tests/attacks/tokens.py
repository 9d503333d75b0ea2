"""Tokens that must not be believed."""

import time
from collections.abc import Callable

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.asking import SECRET, token
from tests.attacks.attack import JSON, Attack, Sent, World
from tests.forging import HEADER, part, signed

NOW_S = int(time.time())
_CLAIMS = {"sub": "alice", "exp": NOW_S + 3600, "iat": NOW_S}
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_PUBLIC = _KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _with(**claims: object) -> str:
    return signed({**_CLAIMS, **claims}, SECRET.encode())


def _without(name: str) -> str:
    return signed({key: value for key, value in _CLAIMS.items() if key != name}, SECRET.encode())


def _headed(**header: object) -> str:
    return signed(_CLAIMS, SECRET.encode(), header={**HEADER, **header})


def _altered() -> str:
    head, _, signature = token("mallory").split(".")
    return f"{head}.{part(_CLAIMS)}.{signature}"


TOKENS = {
    "none at all": "",
    "one word": "x",
    "alg none": f"{part({'alg': 'none'})}.{part(_CLAIMS)}.",
    "alg nOnE": f"{part({'alg': 'nOnE'})}.{part(_CLAIMS)}.",
    "no signature": ".".join(signed(_CLAIMS, SECRET.encode()).split(".")[:2]) + ".",
    "claims under another signature": _altered(),
    "HS256 with a public key": signed(_CLAIMS, _PUBLIC),
    "HS256 with another secret": signed(_CLAIMS, b"evil" * 12),
    "HS256 with no secret": signed(_CLAIMS, b""),
    "HS384 named": _headed(alg="HS384"),
    "RS256 named": _headed(alg="RS256"),
    "a list of algorithms": _headed(alg=["HS256"]),
    "no exp": _without("exp"),
    "no sub": _without("sub"),
    "exp in the past": _with(exp=NOW_S - 3600),
    "exp a text": _with(exp="9999999999"),
    "exp huge": signed(_CLAIMS, SECRET.encode()).replace(part(_CLAIMS), part(b'{"sub":"alice","exp":1e400}')),
    "exp infinite, rightly signed": signed(b'{"sub":"alice","iat":1,"exp":1e400}', SECRET.encode()),
    "exp not a number": signed(b'{"sub":"alice","iat":1,"exp":NaN}', SECRET.encode()),
    "nbf in the future": _with(nbf=NOW_S + 3600),
    "iat in the future": _with(iat=NOW_S + 3600),
    "for somebody else": _with(aud="another"),
    "sub a number": _with(sub=5),
    "sub empty": _with(sub=""),
    "sub with NUL": _with(sub="alice\x00"),
    "10 kB": _with(padding="x" * 10_000),
    "jku": _headed(jku="https://evil.tld/jwks"),
    "x5u": _headed(x5u="https://evil.tld/chain"),
    "x5c": _headed(x5c=["MIIB"]),
    "jwk": _headed(jwk={"kty": "oct", "k": part(b"evil" * 8)}),
    "crit": _headed(crit=["x"], x=1),
    "b64": _headed(crit=["b64"], b64=False),
    "zip": _headed(zip="DEF"),
    "kid a path": signed(_CLAIMS, b"", header={**HEADER, "kid": "../../dev/null"}),
    "kid a statement": signed(_CLAIMS, b"evil" * 12, header={**HEADER, "kid": "' UNION SELECT 'evil"}),
    "five parts": "a.b.c.d.e",
    "a bracket for a claim": signed(b"[" * 4000, SECRET.encode()),
    "claims that are no JSON": signed(b"\xff", SECRET.encode()),
    "signs that are no base64": "....",
}


def _with_header(authorization: str) -> Callable[[World], Sent]:
    return lambda _: Sent(b'{"query":"{viewer{name}}"}', headers={"Content-Type": JSON}, authorization=authorization)


ATTACKS = [
    Attack(
        f"token: {name}",
        (32,),
        _with_header(f"Bearer {jwt}"),
        401 if len(jwt) < 9000 else 431,
        "UNAUTHENTICATED" if len(jwt) < 9000 else "BAD_REQUEST",
        cheap=True,
        headers={"WWW-Authenticate": "Bearer"} if len(jwt) < 9000 else {},
    )
    for name, jwt in TOKENS.items()
] + [
    Attack(
        f"scheme: {scheme[:12]!r} of {len(scheme.split())}",
        (32,),
        _with_header(scheme),
        401,
        "UNAUTHENTICATED",
        cheap=True,
    )
    for scheme in ("", "Bearer", "Basic YWxpY2U6", f"Token {token('alice')}", f"Bearer {token('alice')} {token('alice')}")
]  # fmt: skip
