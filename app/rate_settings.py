"""Rate limits as settings: `RATE/BURST`, so many units a second, and so many at once."""

import re
from typing import Annotated, NamedTuple, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import NoDecode

from app.addresses import Network, parse_networks
from app.limits import Limits

_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)/(\d{1,9})")
_RATES = "RATE/BURST, units a second and units at once, such as 20/200"
ALLOWED = {
    "POLLUX_RATE_LIMIT": "on or off",
    "POLLUX_RATE_SENDS": _RATES,
    "POLLUX_RATE_COST": _RATES,
    "POLLUX_RATE_CHANNEL": _RATES,
    "POLLUX_RATE_ADDRESS_SENDS": _RATES,
    "POLLUX_RATE_ADDRESS_COST": _RATES,
    "POLLUX_TRUSTED_PROXIES": "addresses or networks separated by commas, such as 10.0.0.0/8,192.0.2.7",
}


class Rate(NamedTuple):
    rate: float
    burst: float

    def __str__(self) -> str:
        return f"{self.rate:g}/{self.burst:g}"


def _rate(given: object) -> object:
    if isinstance(given, Rate):
        return given
    match = _RATE.fullmatch(str(given))
    if match is None or float(match[1]) == 0 or int(match[2]) == 0:
        raise ValueError
    return Rate(float(match[1]), float(match[2]))


def _switch(given: object) -> object:
    if given not in ("on", "off", True, False):
        raise ValueError
    return given in ("on", True)


def _networks(given: str | tuple[Network, ...]) -> tuple[Network, ...]:
    return parse_networks(given) if isinstance(given, str) else given


_Rate = Annotated[Rate, NoDecode, BeforeValidator(_rate)]


class RateSettings(Limits):
    """How much may be asked for in a time, and whose word about addresses counts."""

    rate_limit: Annotated[bool, NoDecode, BeforeValidator(_switch)] = Field(True, validation_alias="POLLUX_RATE_LIMIT")
    # The contract's: of one user.
    rate_sends: _Rate = Field(Rate(20, 200), validation_alias="POLLUX_RATE_SENDS")
    # Three of the dearest operations at once, and then ten full pages of messages a second.
    rate_cost: _Rate = Field(Rate(1000, 30_000), validation_alias="POLLUX_RATE_COST")
    rate_channel: _Rate = Field(Rate(200, 2000), validation_alias="POLLUX_RATE_CHANNEL")
    # Of twenty users: an office, or a carrier's gateway, looks like one address.
    rate_address_sends: _Rate = Field(Rate(400, 4000), validation_alias="POLLUX_RATE_ADDRESS_SENDS")
    rate_address_cost: _Rate = Field(Rate(20_000, 600_000), validation_alias="POLLUX_RATE_ADDRESS_COST")
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = Field(
        (), validation_alias="POLLUX_TRUSTED_PROXIES"
    )

    @model_validator(mode="after")
    def _costs_fit(self) -> Self:
        for name, rate in (("POLLUX_RATE_COST", self.rate_cost), ("POLLUX_RATE_ADDRESS_COST", self.rate_address_cost)):
            if rate.burst < self.max_cost:
                raise ValueError(f"{name}={rate} never allows an operation of POLLUX_MAX_COST={self.max_cost}; give a larger BURST")
        return self

    def shown_rates(self) -> dict[str, str]:
        """Return the rates by variable."""
        return {
            "POLLUX_RATE_LIMIT": "on" if self.rate_limit else "off",
            "POLLUX_RATE_SENDS": str(self.rate_sends),
            "POLLUX_RATE_COST": str(self.rate_cost),
            "POLLUX_RATE_CHANNEL": str(self.rate_channel),
            "POLLUX_RATE_ADDRESS_SENDS": str(self.rate_address_sends),
            "POLLUX_RATE_ADDRESS_COST": str(self.rate_address_cost),
            "POLLUX_TRUSTED_PROXIES": ",".join(map(str, self.trusted_proxies)) or "(unset)",
        }
