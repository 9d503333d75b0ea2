"""GraphiQL, from files that `make setup` built: no far host is ever asked."""

import html
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from app.responses import SERVER
from app.setting_texts import is_loopback

WEB_DIST = Path(__file__).parent.parent / "web" / "dist"
_PLACE = '<meta name="pollux-token" content="">'
# Monaco styles its elements inline; nothing runs that is not one of our files.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    **SERVER,
}
ASSET_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "public, max-age=31536000, immutable",
}


class GraphiQLPage:
    """The built page. `issue_token` gives the token to put in place, if any; it is asked at each answer."""

    def __init__(self, template: str, issue_token: Callable[[], str] | None) -> None:
        self._template = template
        self._issue_token = issue_token

    @classmethod
    def built(cls, issue_token: Callable[[], str] | None, *, dist: Path = WEB_DIST) -> "GraphiQLPage | None":
        """Return the page, None where it is not built."""
        path = dist / "graphiql" / "index.html"
        return cls(path.read_text(), issue_token) if path.exists() else None

    def response(self, host: str) -> web.Response:
        """Return the page as an answer to a browser that called this server `host`."""
        text = self._template
        # By another name it may be another site's page, whose name was made to point here, that would read the token.
        if self._issue_token is not None and is_loopback(urlsplit(f"//{host}").hostname or ""):
            token = html.escape(self._issue_token(), quote=True)
            text = text.replace(_PLACE, f'<meta name="pollux-token" content="{token}">')
        return web.Response(text=text, content_type="text/html", headers=PAGE_HEADERS)


def add_assets(app: web.Application, *, dist: Path = WEB_DIST) -> None:
    """Serve the files of the web build, whose names hold their hashes, under /assets."""
    folder = dist / "assets"
    if not folder.exists():
        return
    app.router.add_static("/assets", folder)

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        if request.path.startswith("/assets/") and response.status in (200, 206, 304):
            response.headers.update(ASSET_HEADERS)

    app.on_response_prepare.append(add_headers)
