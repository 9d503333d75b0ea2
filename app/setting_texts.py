"""What the texts of settings mean. Each raises ValueError for one that means nothing."""

import ipaddress
import re
from urllib.parse import urlsplit

from app.cors import parse_origins
from cache.redis_client import DEFAULT_PORTS as SEVERAL_HOSTS
from cache.redis_client import redis_client
from models.store_url import StoreUrl

_REDIS_SCHEMES = ("redis", "rediss", "unix")


def store_url(url: str | StoreUrl) -> StoreUrl:
    return url if isinstance(url, StoreUrl) else StoreUrl.parse(url)


def replica_url(url: str | StoreUrl | None) -> StoreUrl | None:
    found = None if url is None else store_url(url)
    if found is not None and (found.is_sqlite or found.behind_pooler):
        raise ValueError
    return found


def redis_url(text: str | None) -> str | None:
    if text is None or text == "none":
        return text
    parts = urlsplit(text)
    if parts.scheme not in SEVERAL_HOSTS:
        usable = bool(parts.path) if parts.scheme == "unix" else parts.hostname and re.fullmatch(r"/?\d*", parts.path)
        if parts.scheme not in _REDIS_SCHEMES or not usable or parts.port == 0:
            raise ValueError
    redis_client(text)  # refuses options that it does not know
    return text


def jwks_url(text: str | None) -> str | None:
    if text is not None:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.port == 0:
            raise ValueError
    return text


def switch(text: object) -> bool | None:
    if text is None or isinstance(text, bool):
        return text
    if text not in ("on", "off"):
        raise ValueError
    return text == "on"


def origins(given: str | frozenset[str]) -> frozenset[str]:
    return parse_origins(given) if isinstance(given, str) else given


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
