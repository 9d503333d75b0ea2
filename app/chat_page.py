"""The chat at /, from files that `make setup` built; where the server hands out tokens, /?as=NAME signs in as anybody."""

import html
import logging
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from app.graphiql import PAGE_HEADERS, WEB_DIST
from app.setting_texts import is_loopback

log = logging.getLogger("pollux.http")

_PLACE = '<meta name="pollux-token" content="">'
_SIGN_IN = '<meta name="pollux-sign-in" content="">'
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
# Nothing inline at all; its only form is for signing in.
_HEADERS = {
    **PAGE_HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
}
_NOT_BUILT = "The chat is not built. Run make setup, then start the server again.\n"


def add_chat(app: web.Application, issue: Callable[[str], str] | None, *, dist: Path = WEB_DIST) -> None:
    """Serve the chat. `issue` gives the token of whoever is named, None where the server hands out none."""
    path = dist / "chat" / "index.html"
    template = path.read_text() if path.exists() else None
    if template is None:
        log.warning("the chat is not built; run make setup")

    async def page(request: web.Request) -> web.Response:
        if template is None:
            return web.Response(status=503, text=_NOT_BUILT, headers={"Cache-Control": "no-store"})
        text = template
        # By another name it may be another site's page, whose name was made to point here, that would read the token.
        if issue is not None and is_loopback(urlsplit(f"//{request.host}").hostname or ""):
            text = text.replace(_SIGN_IN, _SIGN_IN.replace('""', '"yes"'))
            name = request.query.get("as", "")
            if _NAME.fullmatch(name):
                text = text.replace(_PLACE, _PLACE.replace('""', f'"{html.escape(issue(name), quote=True)}"'))
        return web.Response(text=text, content_type="text/html", headers=_HEADERS)

    app.router.add_get("/", page)
