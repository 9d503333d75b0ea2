"""Identity: a token is believed only if signature, algorithm and every claim hold; all else is UNAUTHENTICATED."""

import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.identity import LEEWAY_S, LONGEST_NAME, LONGEST_SUBJECT, LONGEST_TOKEN, Bearer, Tokens
from models.errors import Unauthenticated, UnauthenticatedReason
from models.ids import user_hash_hex
from tests.asking import SECRET
from tests.forging import HEADER, part, signed

TOKENS = Tokens(SECRET)
STRICT = Tokens(SECRET, issuer="https://idp", audience="chat")
NOW_S = int(os.environ["TEST_NOW_S"])  # the same in all processes that share the tests, which name them by it
TOMORROW_S = NOW_S + 86_400
CLAIMS = {"sub": "alice", "exp": TOMORROW_S, "iat": NOW_S, "iss": "https://idp", "aud": "chat"}


def _signed(payload: object, *, header: object = HEADER, secret: str = SECRET) -> str:
    return signed(payload, secret.encode(), header=header)


def _with(**claims: object) -> str:
    return _signed({**CLAIMS, **claims})


def _without(*names: str) -> str:
    return _signed({name: value for name, value in CLAIMS.items() if name not in names})


def _refusal(token: str, tokens: Tokens = STRICT) -> UnauthenticatedReason:
    with pytest.raises(Unauthenticated) as refusal:
        tokens.verify(token)
    return refusal.value.reason


def _verified(**claims: object) -> Bearer:
    return STRICT.verify(_with(**claims))


def test_a_token_that_holds_says_who_and_what() -> None:
    bearer = _verified(name="Alice", picture="https://example.org/a.png", roles=["service", "admin"])
    assert bearer.claims.uid == user_hash_hex("https://idp", "alice")
    assert (bearer.claims.name, bearer.claims.image) == ("Alice", "https://example.org/a.png")
    assert (bearer.claims.issued_at_s, bearer.roles) == (NOW_S, frozenset({"service", "admin"}))


@settings(deadline=None, max_examples=100)
@given(
    st.text(
        alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=LONGEST_SUBJECT
    ).filter(str.strip),
    st.sets(st.sampled_from(["service", "admin", "other"])),
    st.sampled_from([TOKENS, STRICT]),
)
def test_an_issued_token_is_believed(subject: str, roles: set[str], tokens: Tokens) -> None:
    bearer = tokens.verify(tokens.issue(subject, name=" Alice ", roles=sorted(roles)))
    assert bearer.claims.uid == user_hash_hex(tokens.issuer or "", subject)
    assert (bearer.claims.name, bearer.roles) == ("Alice", frozenset(roles))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "nOnE"},
        {"alg": "HS384"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"alg": "hs256"},
        {"alg": ["HS256"]},
        {"alg": {"HS256": 1}},
        {"alg": 256},
        {"alg": None},
        {"typ": "JWT"},
        {"alg": "HS256", "crit": ["x"], "x": 1},
        {"alg": "HS256", "crit": ["b64"], "b64": False},
        {"alg": "HS256", "kid": 1},
        ["HS256"],
        "HS256",
    ],
    ids=str,
)
def test_a_signed_token_with_another_header_is_invalid(header: object) -> None:
    assert _refusal(_signed(CLAIMS, header=header)) is UnauthenticatedReason.INVALID


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
@pytest.mark.parametrize("signature", ["", "AAAA", "="])
def test_a_token_without_its_signature_is_invalid(algorithm: str, signature: str) -> None:
    assert _refusal(f"{part({'alg': algorithm})}.{part(CLAIMS)}.{signature}") is UnauthenticatedReason.INVALID


@pytest.mark.parametrize(
    "header",
    [
        {"jku": "https://evil/jwks"},
        {"x5u": "https://evil/chain"},
        {"x5c": "MIIB"},
        {"jwk": {"kty": "oct", "k": part(b"evil" * 8)}},
        {"crit": "exp"},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"typ": "JWE"},
        {"typ": "logout+jwt"},
        {"anything": "else"},
    ],
    ids=str,
)
def test_a_header_that_says_more_than_it_may_makes_a_rightly_signed_token_invalid(header: dict[str, object]) -> None:
    assert STRICT.verify(_signed(CLAIMS)).claims.uid == user_hash_hex("https://idp", "alice")
    assert _refusal(_signed(CLAIMS, header={**HEADER, **header})) is UnauthenticatedReason.INVALID


def test_a_key_that_a_token_names_proves_nothing() -> None:
    header = {**HEADER, "kid": "../../dev/null"}
    assert _refusal(_signed(CLAIMS, header=header, secret="evil" * 8)) is UnauthenticatedReason.INVALID


@pytest.mark.parametrize("header", [{"typ": "at+jwt"}, {"typ": "application/at+JWT"}, {"kid": "a"}, {"x5t": "a"}], ids=str)
def test_a_header_may_say_what_providers_write(header: dict[str, object]) -> None:
    assert STRICT.verify(_signed(CLAIMS, header={**HEADER, **header})).roles == frozenset()


def test_a_token_of_another_secret_is_invalid() -> None:
    assert _refusal(_signed(CLAIMS, secret=SECRET + "x")) is UnauthenticatedReason.INVALID


def test_claims_put_under_another_tokens_signature_are_invalid() -> None:
    header, _, signature = _signed(CLAIMS).split(".")
    assert _refusal(f"{header}.{part({**CLAIMS, 'sub': 'admin'})}.{signature}") is UnauthenticatedReason.INVALID


@pytest.mark.parametrize("name", ["exp", "sub", "iss", "aud"])
def test_a_token_without_a_required_claim_is_invalid(name: str) -> None:
    assert _refusal(_without(name)) is UnauthenticatedReason.INVALID


WRONG: dict[str, list[object]] = {
    "iss": ["https://evil", "", "https://idp/", 5, ["https://idp"], {"https://idp": 1}, None],
    "aud": ["other", "", [], ["other"], ["chat", 5], {"chat": 1}, 5, None],
    "sub": [7, True, "", None, ["alice"], {"alice": 1}, "x" * (LONGEST_SUBJECT + 1), "\x00", "ali\x00ce", "\ud800", "ali\udfffce"],
    "name": ["\x00", "Ali\x00ce", "\ud800", "x" * 200 + "\udfff"],
    "exp": [str(TOMORROW_S), f"{TOMORROW_S}.5", "", None, [TOMORROW_S], {}, float("inf"), float("nan"), float("-inf")],
    "iat": [TOMORROW_S, str(NOW_S), True, None, [], 10**300, float("inf"), float("nan"), float("-inf")],
    "nbf": [TOMORROW_S, str(TOMORROW_S), None, [], 10**300, float("inf"), float("nan"), float("-inf")],
    "roles": ["admin", {"admin": 1}, [1], ["admin", None], [["admin"]], 1, True],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG.items() for value in values],
    ids=lambda value: ascii(value)[:30],
)
def test_a_claim_that_does_not_hold_makes_the_token_invalid(name: str, value: object) -> None:
    assert _refusal(_with(**{name: value})) is UnauthenticatedReason.INVALID


@pytest.mark.parametrize("value", [True, False, 0, -1, -(10**300), NOW_S - 60, NOW_S - LEEWAY_S - 5, NOW_S - 3600.5])
def test_a_token_past_its_time_is_refused(value: float) -> None:
    with pytest.raises(Unauthenticated):
        STRICT.verify(_with(exp=value))


def test_a_token_past_its_time_is_expired_so_that_clients_fetch_another() -> None:
    assert _refusal(STRICT.issue("alice", clock_s=lambda: NOW_S - 7200, lifetime_s=3600)) is UnauthenticatedReason.EXPIRED


def test_a_forged_token_past_its_time_is_invalid_not_expired() -> None:
    assert _refusal(_signed({**CLAIMS, "exp": 1}, secret="evil" * 8)) is UnauthenticatedReason.INVALID


def test_clocks_may_differ_a_little() -> None:
    now_s = int(time.time())  # not NOW_S: the tests that run before may take longer than the leeway
    assert _verified(exp=now_s - LEEWAY_S + 20, iat=now_s + 10, nbf=now_s + 10).claims.issued_at_s == now_s + 10


def test_a_token_without_a_time_of_issue_never_changes_a_profile() -> None:
    assert STRICT.verify(_without("iat")).claims.issued_at_s == 0


def test_our_audience_may_be_one_of_several() -> None:
    assert _verified(aud=["other", "chat"]).claims.uid == user_hash_hex("https://idp", "alice")


def test_a_token_for_somebody_else_is_refused_where_no_audience_is_set() -> None:
    assert _refusal(_with(aud="other"), TOKENS) is UnauthenticatedReason.INVALID


@pytest.mark.parametrize(
    "token",
    [
        "", "a", "a.b", "a.b.c", "a.b.c.d", "....", " ", "\x00", "é.é.é", "\ud800.a.b", "eyJ.\udcff.c",
        pytest.param(_signed([1, 2]), id="claims that are a list"),
        pytest.param(_signed(5), id="claims that are a number"),
        pytest.param(_signed(b"\xff"), id="claims that are no text"),
        pytest.param(_signed(b""), id="no claims"),
        pytest.param(_signed(b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}"), id="claims nested deep"),
        pytest.param(f"{part(b'[' * 2500 + b']' * 2500)}.e30.e30", id="a header nested deep"),
        pytest.param(f"{part(b'{' + b'1' * 5000)}.e30.e30", id="a header of digits"),
        pytest.param(_with(exp=0)[:-1], id="cut short"),
        pytest.param(_with(pad="x" * 10_000), id="10 kB"),
        pytest.param("a." * 1_000_000, id="two megabytes"),
    ],
)  # fmt: skip
def test_what_is_no_token_is_invalid(token: str) -> None:
    assert _refusal(token) is UnauthenticatedReason.INVALID


@settings(deadline=None, max_examples=200)
@given(st.text())
def test_any_other_text_is_invalid(text: str) -> None:
    assert _refusal(text) is UnauthenticatedReason.INVALID


def test_a_token_is_measured_to_its_longest() -> None:
    padded = next(token for size in range(6500, 4000, -1) if len(token := _with(pad="x" * size)) <= LONGEST_TOKEN)
    assert STRICT.verify(padded).claims.uid == user_hash_hex("https://idp", "alice")
    assert LONGEST_TOKEN - len(padded) < 4


@pytest.mark.parametrize(
    ("name", "shown"),
    [("x" * 150, "x" * LONGEST_NAME), ("  김  ", "김"), ("", None), ("  ", None), (5, None), (None, None), (["Alice"], None)],
)
def test_a_name_is_trimmed_and_cut_to_what_is_stored(name: object, shown: str | None) -> None:
    assert _verified(name=name).claims.name == shown


@pytest.mark.parametrize(
    "picture",
    ["javascript:alert(1)", " javascript:alert(1)", "data:image/svg+xml,<svg>", "//evil", "", 5, None, "https://" + "x" * 2000],
)
def test_a_picture_that_is_no_web_address_is_dropped(picture: object) -> None:
    assert _verified(picture=picture).claims.image == ""


def test_roles_are_none_where_the_token_names_none() -> None:
    assert _verified().roles == _verified(roles=[]).roles == _verified(roles=None).roles == frozenset()


@pytest.mark.parametrize(
    ("name", "value"),
    [("exp", 10**300), ("exp", 1e300), ("iat", -1), ("iat", -(10**300)), ("nbf", "1"), ("nbf", True), ("roles", {}), ("roles", ""),
     ("roles", 0), ("roles", False), ("sub", " ")],
)  # fmt: skip
def test_a_claim_no_clock_or_list_can_hold_makes_the_token_invalid(name: str, value: object) -> None:
    with pytest.raises(Unauthenticated) as refused:
        STRICT.verify(_with(**{name: value}))
    assert refused.value.reason is UnauthenticatedReason.INVALID
