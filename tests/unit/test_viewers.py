"""Viewers: whom a header was found to speak for, it speaks for while its token holds."""

import time
from types import SimpleNamespace
from typing import Any, cast

from app.identity import LEEWAY_S, Authorization, Known, Tokens, Viewers
from resolvers.context import Viewer
from tests.asking import SECRET


def test_an_authorization_speaks_for_nobody_once_its_token_has_expired_or_been_forgotten() -> None:
    lineage = SimpleNamespace(on_change=lambda _: None)
    viewers = Viewers(Tokens(SECRET), cast(Any, None), time.time_ns, cast(Any, lineage))
    authorization = Authorization("Bearer a")
    assert viewers.still(authorization) is None
    for lifetime_s, holds in ((60, True), (-LEEWAY_S - 1, False), (60, True)):
        known = Known(Viewer(1, frozenset()), "tag", time.time() + lifetime_s)
        viewers._known.put("Bearer a", known)
        authorization.known, authorization.as_of = (None, -1) if holds else (known, viewers._forgotten)
        assert [viewers.still(authorization) for _ in range(2)] == [known if holds else None] * 2
    viewers._forget_tokens()
    assert viewers.still(authorization) is None
