"""CORS: which other sites' scripts may call /graphql and read its answers.

Rule: an origin that is not named gets no header at all, so browsers keep its scripts out. Nothing is allowed by cookie:
a script has to hold a token itself.
"""

import re
from collections.abc import Collection

from models.store_url import without_password

METHODS = "GET, POST, QUERY"
ALLOWED_HEADERS = ", ".join(
    (
        "Authorization",
        "Content-Type",
        "If-None-Match",
        "Apollo-Require-Preflight",
        "X-Apollo-Operation-Name",
        "traceparent",
        "X-Client-Activity",
    )
)
EXPOSED_HEADERS = ", ".join(
    (
        "ETag",
        "X-Poll-Interval",
        "Retry-After",
        "RateLimit",
        "RateLimit-Policy",
        "X-Request-Id",
        "Server-Timing",
        "Cache-Status",
    )
)
# The longest that Chromium remembers; others remember longer.
MAX_AGE_S = 7200

# As browsers write an origin (WHATWG HTML, 7.1.1): lower case, punycode, no port where it is the scheme's own, no path.
# Other schemes are those of apps with a web view, such as capacitor://localhost.
_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?"
)
_DEFAULT_PORTS = {("http", "80"), ("https", "443")}
_EXAMPLE = "allowed: origins as browsers send them, separated by commas, such as https://chat.example.org or http://localhost:5173"


def parse_origins(text: str) -> frozenset[str]:
    """Return the origins of a list separated by commas. Raises ValueError."""
    origins = [one.strip() for one in text.split(",")]
    for origin in origins:
        if origin == "*":
            raise ValueError(f"* is refused, because requests speak for a person: name the sites that may send them; {_EXAMPLE}")
        match = _ORIGIN.fullmatch(origin)
        if match is None or (match["scheme"], match["port"]) in _DEFAULT_PORTS or int(match["port"] or 0) > 65535:
            raise ValueError(f"{without_password(origin)!r} is no origin; {_EXAMPLE}")
    return frozenset(origins)


class Cors:
    """Gives the headers for the origins that are allowed."""

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = frozenset(origins)

    def allows(self, origin: str | None) -> bool:
        """Whether a request with this `Origin` header comes from a site that may call."""
        return origin in self._origins

    def headers(self, origin: str | None) -> dict[str, str]:
        """Return what to add to any answer to a request with this `Origin` header."""
        if origin is None or origin not in self._origins:
            return {}
        return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED_HEADERS}

    def preflight(self, origin: str | None) -> dict[str, str]:
        """Return what to add to the answer to OPTIONS."""
        if origin is None or origin not in self._origins:
            return {}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": ALLOWED_HEADERS,
            "Access-Control-Max-Age": str(MAX_AGE_S),
        }
