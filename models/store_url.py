"""Reading DATABASE_URL: which store, where, with which connection settings."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ALLOWED = "sqlite://PATH, postgres://USER:PASSWORD@HOST:PORT/NAME or postgresql://…"
# A statement that takes longer counts as an outage and is answered UNAVAILABLE, on both stores.
STATEMENT_TIMEOUT_S = 5
# Connections of one process and pool; two pools, so four processes use 40 of PostgreSQL's default 100.
POOL_CONNECTIONS = 5
# What stands between gives each transaction a server of its own, and nothing outside of transactions.
POOLER = "transaction"
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """A checked DATABASE_URL; `str()` shows it without its password."""

    text: str = field(repr=False)
    sqlite_path: Path | None

    @property
    def is_sqlite(self) -> bool:
        return self.sqlite_path is not None

    @property
    def behind_pooler(self) -> bool:
        """Whether something stands between that gives each transaction a server of its own."""
        return not self.is_sqlite and "statement_cache_size" in self.connection()["credentials"]

    @classmethod
    def parse(cls, text: str) -> "StoreUrl":
        """Return the store that `text` names. Raises ValueError that says what is allowed."""
        scheme, _, rest = text.partition("://")
        if scheme == "sqlite" and rest and not rest.startswith(":"):
            return cls(text, Path(rest))
        if scheme in ("postgres", "postgresql"):
            url = cls(text, None)
            try:
                url.connection()
            except ValueError:
                raise ValueError(
                    f"allowed: {ALLOWED}, with ?sslmode={'|'.join(_SSL_MODES)} ?pooler={POOLER} or ?host=/socket/folder"
                ) from None
            return url
        raise ValueError(f"allowed: {ALLOWED}")

    def connection(self, statement_timeout_s: float = STATEMENT_TIMEOUT_S) -> dict[str, Any]:
        """Return Tortoise's description of one connection (SQLite) or pool (PostgreSQL)."""
        if self.sqlite_path is not None:
            pragmas = {
                "file_path": str(self.sqlite_path),
                "journal_mode": "WAL",
                "synchronous": "FULL",  # an acknowledged send survives the machine's fall
                "busy_timeout": STATEMENT_TIMEOUT_S * 1000,
                "foreign_keys": "ON",
            }
            return {"engine": "models.sqlite_engine", "credentials": pragmas}
        return {"engine": "models.asyncpg_engine", "credentials": self._postgres(statement_timeout_s)}

    def _postgres(self, statement_timeout_s: float) -> dict[str, Any]:
        parts = urlsplit(self.text)
        name = unquote(parts.path.lstrip("/"))
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        ssl_mode, pooler = query.pop("sslmode", None), query.pop("pooler", None)
        host = query.pop("host", None) or parts.hostname
        if (
            not re.fullmatch(r"[^/@]+", name)
            or not host
            or query
            or ssl_mode not in (None, *_SSL_MODES)
            or pooler not in (None, POOLER)
        ):
            raise ValueError("a part is missing, wrong or not known")
        return {
            "host": host,
            "port": parts.port or 5432,
            "user": unquote(parts.username) if parts.username else "postgres",
            "password": unquote(parts.password) if parts.password else None,
            "database": name,
            "minsize": 1,
            "maxsize": POOL_CONNECTIONS,
            "command_timeout": statement_timeout_s,
            "timeout": STATEMENT_TIMEOUT_S,
            "application_name": "pollux",
            **({"ssl": ssl_mode} if ssl_mode else {}),
            # A statement that was prepared stays with one server, and the next transaction may be given another.
            **({"statement_cache_size": 0} if pooler else {}),
        }

    def __str__(self) -> str:
        return without_password(self.text)


def without_password(url: str) -> str:
    """Return a URL, well-formed or not, without what may be a password in it."""
    scheme, separator, rest = url.rpartition("://") if "://" in url else ("", "", url)
    credentials, at, place = rest.rpartition("@")
    user, colon, _ = credentials.partition(":")
    shown = f"{user}{colon}***{at}{place}" if colon else f"{credentials}{at}{place}"
    return scheme + separator + re.sub(r"(password=)[^&]*", r"\1***", shown)
