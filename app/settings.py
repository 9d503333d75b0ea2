"""Settings from the environment; a wrong value stops the start with its name, its value unless secret, and what is allowed."""

import math
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import NoDecode

from app import setting_texts as texts
from app.limits import ALLOWED as ALLOWED_LIMITS
from app.rate_settings import ALLOWED as ALLOWED_RATES
from app.rate_settings import RateSettings
from models.store_url import StoreUrl, without_password
from realtime.pacing import PollingPolicy

# Known to everybody who can read this file; refused wherever somebody else could reach the server.
DEVELOPMENT_SECRET = "pollux-development-secret-known-to-everybody"  # noqa: S105  # see above
# RFC 7518, 3.2: a key for HS256 is at least as long as its hash.
SHORTEST_SECRET_BYTES = 32
# Of random text in hexadecimal, 32 digits have hardly ever fewer.
FEWEST_SECRET_BYTES = 8
SHORTEST_METRICS_TOKEN = 16
DEFAULT_VAR = Path("var")

ALLOWED = {
    "POLLUX_REPLICA_URL": "postgresql://USER:PASSWORD@HOST:PORT/NAME, a standby of DATABASE_URL, without ?pooler=",
    "REDIS_URL": "redis://HOST:PORT, rediss://HOST:PORT, unix:///PATH, redis+sentinel://HOST:PORT,HOST:PORT/SERVICE,"
    " redis+cluster://HOST:PORT,HOST:PORT, rediss+sentinel://…, rediss+cluster://…, or none; with TLS also"
    " ?ssl_ca_certs=FILE&ssl_certfile=FILE&ssl_keyfile=FILE",
    "PORT": "0 to 65535",
    "WEB_CONCURRENCY": "1 to 64",
    "POLLUX_ENV": "development or production",
    "POLLUX_JWT_SECRET": f"at least {SHORTEST_SECRET_BYTES} bytes",
    "POLLUX_JWKS_URL": "https://HOST/PATH, the address of a JSON Web Key Set",
    "POLLUX_POLLING_POLICY": "adaptive, activity or load",
    "POLLUX_REQUEST_BUDGET": "polls a second, more than 0",
    "POLLUX_MAX_HELD": "0 to 1000000",
    "POLLUX_GRAPHIQL": "on or off",
    "POLLUX_INTROSPECTION": "on or off",
    "POLLUX_METRICS_TOKEN": f"at least {SHORTEST_METRICS_TOKEN} characters",
    "LOG_LEVEL": "debug, info, warning or error",
    "LOG_FORMAT": "text or json",
    **ALLOWED_LIMITS,
    **ALLOWED_RATES,
}


class Environment(Enum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class WrongSettings(Exception):
    """One line for each setting that is wrong."""


Switch = Annotated[bool | None, NoDecode, BeforeValidator(texts.switch)]


class Settings(RateSettings):
    """What the environment says. An empty variable counts as unset."""

    database_url: Annotated[StoreUrl, NoDecode, BeforeValidator(texts.store_url)] = StoreUrl.parse("sqlite://var/pollux.db")
    replica_url: Annotated[StoreUrl | None, NoDecode, BeforeValidator(texts.replica_url)] = Field(
        None, validation_alias="POLLUX_REPLICA_URL"
    )
    redis_url: Annotated[str | None, BeforeValidator(texts.redis_url)] = Field(None, repr=False)
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    web_concurrency: int = Field(1, ge=1, le=64)
    environment: Environment = Field(Environment.DEVELOPMENT, validation_alias="POLLUX_ENV")
    jwt_secret: SecretStr = Field(SecretStr(DEVELOPMENT_SECRET), validation_alias="POLLUX_JWT_SECRET")
    jwks_url: Annotated[str | None, BeforeValidator(texts.jwks_url)] = Field(None, validation_alias="POLLUX_JWKS_URL")
    jwt_issuer: str | None = Field(None, validation_alias="POLLUX_JWT_ISSUER")
    jwt_audience: str | None = Field(None, validation_alias="POLLUX_JWT_AUDIENCE")
    polling_policy: PollingPolicy = Field(PollingPolicy.ADAPTIVE, validation_alias="POLLUX_POLLING_POLICY")
    request_budget: float | None = Field(None, gt=0, allow_inf_nan=False, validation_alias="POLLUX_REQUEST_BUDGET")
    max_held: int = Field(10_000, ge=0, le=1_000_000, validation_alias="POLLUX_MAX_HELD")
    graphiql: Switch = Field(None, validation_alias="POLLUX_GRAPHIQL")
    introspection: Switch = Field(None, validation_alias="POLLUX_INTROSPECTION")
    allowed_origins: Annotated[frozenset[str], NoDecode, BeforeValidator(texts.origins)] = Field(
        frozenset(), validation_alias="POLLUX_ALLOWED_ORIGINS"
    )
    trusted_documents: Path | None = Field(None, validation_alias="POLLUX_TRUSTED_DOCUMENTS")
    metrics_token: SecretStr | None = Field(None, min_length=SHORTEST_METRICS_TOKEN, validation_alias="POLLUX_METRICS_TOKEN")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    @classmethod
    def load(cls) -> Self:
        """Read the environment. Raises WrongSettings with a line for each variable that is wrong in itself, else for one
        that does not go with the others."""
        try:
            return cls()
        except ValidationError as error:
            raise WrongSettings("\n".join(_line(one) for one in error.errors())) from None  # type: ignore[arg-type]  # ErrorDetails is a dict

    @model_validator(mode="after")
    def _secret_fits(self) -> Self:
        secret = self.jwt_secret.get_secret_value().encode(errors="surrogateescape")
        if len(secret) < SHORTEST_SECRET_BYTES:
            raise ValueError(f"POLLUX_JWT_SECRET is too short; allowed: {ALLOWED['POLLUX_JWT_SECRET']}")
        if self.environment is Environment.PRODUCTION and len(set(secret)) < FEWEST_SECRET_BYTES:
            raise ValueError(
                f"POLLUX_JWT_SECRET can be guessed; POLLUX_ENV=production needs {FEWEST_SECRET_BYTES} different bytes in it"
            )
        if self.uses_development_secret and self.environment is Environment.PRODUCTION:
            raise ValueError("POLLUX_JWT_SECRET is not set; POLLUX_ENV=production needs one of its own, or POLLUX_JWKS_URL")
        if self.uses_development_secret and not texts.is_loopback(self.host):
            raise ValueError(
                f"HOST={self.host} can be reached from outside, where the development secret is refused; set POLLUX_JWT_SECRET"
            )
        return self

    @model_validator(mode="after")
    def _key_set_fits(self) -> Self:
        if self.jwks_url is None or self.environment is Environment.DEVELOPMENT:
            return self
        for name, value in (("POLLUX_JWT_ISSUER", self.jwt_issuer), ("POLLUX_JWT_AUDIENCE", self.jwt_audience)):
            if value is None:
                raise ValueError(
                    f"{name} is not set; POLLUX_ENV=production needs it with POLLUX_JWKS_URL, whose keys sign for others too"
                )
        url = urlsplit(self.jwks_url)
        if url.scheme != "https" and not texts.is_loopback(url.hostname or ""):
            raise ValueError(
                f"POLLUX_JWKS_URL={self.jwks_url} can be changed on its way; allowed with POLLUX_ENV=production: https://…"
            )
        return self

    @model_validator(mode="after")
    def _replica_has_a_primary(self) -> Self:
        if self.replica_url is not None and self.database_url.is_sqlite:
            raise ValueError(f"POLLUX_REPLICA_URL={self.replica_url} is wrong; allowed where DATABASE_URL is a PostgreSQL")
        return self

    @model_validator(mode="after")
    def _processes_share_redis(self) -> Self:
        if self.redis_url == "none" and self.web_concurrency > 1:
            raise ValueError(f"REDIS_URL=none serves one process; WEB_CONCURRENCY={self.web_concurrency} is wrong; allowed: 1")
        return self

    @property
    def uses_development_secret(self) -> bool:
        return self.jwks_url is None and self.jwt_secret.get_secret_value() == DEVELOPMENT_SECRET

    @property
    def secret(self) -> str | None:
        """The secret that tokens may be signed with, None where a key set alone counts."""
        secret = self.jwt_secret.get_secret_value()
        return None if self.jwks_url is not None and secret == DEVELOPMENT_SECRET else secret

    @property
    def _shown_secret(self) -> str:
        if self.secret is None:
            return "(unset)"
        return "(the development secret)" if self.uses_development_secret else "(hidden)"

    @property
    def hands_out_tokens(self) -> bool:
        """Whether GraphiQL and the start-up lines carry a token: in development, where nobody else can see them."""
        return self.environment is Environment.DEVELOPMENT and texts.is_loopback(self.host) and self.secret is not None

    @property
    def held_by_user(self) -> float:
        """How many polls, and besides how many sockets and streams, are held for one user by a process."""
        return self.max_held_by_user if self.rate_limit else math.inf

    @property
    def metrics_token_text(self) -> str | None:
        """What a reader of /metrics has to present, None where nothing is set."""
        return None if self.metrics_token is None else self.metrics_token.get_secret_value()

    @property
    def opens_metrics(self) -> bool:
        """Whether /metrics may be read without a token where none is set: in development, by this machine alone."""
        return self.environment is Environment.DEVELOPMENT and texts.is_loopback(self.host)

    @property
    def shows_graphiql(self) -> bool:
        return self.environment is Environment.DEVELOPMENT if self.graphiql is None else self.graphiql

    @property
    def allows_introspection(self) -> bool:
        """Whether the schema may be asked for, and errors suggest names from it."""
        return self.environment is Environment.DEVELOPMENT if self.introspection is None else self.introspection

    @property
    def var_folder(self) -> Path:
        """Where the embedded parts keep what is theirs: beside the SQLite file, or in var/."""
        path = self.database_url.sqlite_path
        return path.parent if path is not None else DEFAULT_VAR

    def shown(self) -> dict[str, str]:
        """Return the effective settings by variable, secrets hidden."""
        return {
            "DATABASE_URL": str(self.database_url),
            "REDIS_URL": without_password(self.redis_url) if self.redis_url else f"(embedded, in {self.var_folder})",
            "POLLUX_REPLICA_URL": str(self.replica_url or "(unset)"),
            "HOST": self.host,
            "PORT": str(self.port),
            "WEB_CONCURRENCY": str(self.web_concurrency),
            "POLLUX_ENV": self.environment.value,
            "POLLUX_JWT_SECRET": self._shown_secret,
            "POLLUX_JWKS_URL": self.jwks_url or "(unset)",
            "POLLUX_JWT_ISSUER": self.jwt_issuer or "(unset)",
            "POLLUX_JWT_AUDIENCE": self.jwt_audience or "(unset)",
            "POLLUX_POLLING_POLICY": self.polling_policy.value,
            "POLLUX_REQUEST_BUDGET": "(unset)" if self.request_budget is None else f"{self.request_budget:g}",
            "POLLUX_MAX_HELD": str(self.max_held),
            "POLLUX_GRAPHIQL": "on" if self.shows_graphiql else "off",
            "POLLUX_INTROSPECTION": "on" if self.allows_introspection else "off",
            "POLLUX_ALLOWED_ORIGINS": ",".join(sorted(self.allowed_origins)) or "(unset)",
            "POLLUX_TRUSTED_DOCUMENTS": str(self.trusted_documents or "(unset)"),
            "POLLUX_METRICS_TOKEN": "(unset)" if self.metrics_token is None else "(hidden)",
            "LOG_LEVEL": self.log_level,
            "LOG_FORMAT": self.log_format,
            **self.shown_limits(),
            **self.shown_rates(),
        }


def _line(error: dict[str, object]) -> str:
    """Return the line for one wrong setting."""
    location = error["loc"]
    if not isinstance(location, tuple) or not location:
        return str(error["msg"]).removeprefix("Value error, ")
    name = str(location[0]).upper()
    value = "" if name in ("POLLUX_JWT_SECRET", "POLLUX_METRICS_TOKEN") else f"={without_password(str(error['input']))}"
    allowed = f"allowed: {ALLOWED[name]}" if name in ALLOWED else str(error["msg"]).removeprefix("Value error, ")
    return f"{name}{value} is wrong; {allowed}"
