"""What a stand-in exchange is made of: its markets, accounts, fees and clock."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from common.spec.intervals import interval_seconds

_DOLLARS = ("USDT", "USDC", "FDUSD", "TUSD", "USD", "EUR", "BUSD", "DAI")
_LEAST_COST = {"BTC": Decimal("0.0001"), "ETH": Decimal("0.001"), "BNB": Decimal("0.01")}
CENT = Decimal("0.00000001")
"""Smallest amount of any currency."""
_SIGNIFICANT = 6
"""Digits of a price that a derived tick leaves behind the first."""

Positive = Annotated[Decimal, Field(gt=0)]


def market_id_of(symbol: str) -> str:
    """The exchange's name of a market, from that or from the unified one."""
    return symbol.partition(":")[0].replace("/", "")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MarketSetup(_Part):
    """One market."""

    symbol: str = Field(pattern=r"^[A-Z0-9]{1,10}/([A-Z0-9]{1,10})(:[A-Z0-9]{1,10})?$")
    """Unified spelling: BASE/QUOTE is a spot market, BASE/QUOTE:QUOTE a linear perpetual."""
    price: Positive = Decimal(100)
    """What simulated prices swing around, in quote currency. A candle file brings its own."""
    candles: Path | None = None
    """Candle file (CSV) to take prices from; None: the simulated market."""
    tick: Positive | None = None
    """Smallest step of a price; None: derived from the price."""
    step: Positive | None = None
    """Smallest step of a quantity; None: derived from the price."""
    min_notional: Positive | None = None
    """Least price times quantity of an order; None: what is usual for the quote currency."""

    @model_validator(mode="after")
    def _is_linear(self) -> MarketSetup:
        settle = self.symbol.partition(":")[2]
        if settle and settle != self.quote:
            raise ValueError(f"{self.symbol} is settled in {settle}; a perpetual here is settled in {self.quote}")
        return self

    @property
    def base(self) -> str:
        return self.symbol.split("/")[0]

    @property
    def quote(self) -> str:
        return self.symbol.partition(":")[0].split("/")[1]

    @property
    def perpetual(self) -> bool:
        """Whether it is a linear perpetual."""
        return ":" in self.symbol

    @property
    def market_id(self) -> str:
        """BASEQUOTE, as the exchange writes it."""
        return market_id_of(self.symbol)

    def tick_at(self, price: float) -> Decimal:
        """The tick, for a market whose prices are about `price`."""
        return self.tick or Decimal(1).scaleb(max(-8, Decimal(repr(price)).adjusted() - _SIGNIFICANT))

    def step_at(self, price: float) -> Decimal:
        """The step of quantities, for a market whose prices are about `price`: about one unit of quote currency."""
        return self.step or Decimal(1).scaleb(min(0, max(-8, -Decimal(repr(price)).adjusted() - 1)))

    @property
    def least_cost(self) -> Decimal:
        """The minimum notional, in quote currency."""
        return self.min_notional or _LEAST_COST.get(self.quote, Decimal(5) if self.quote in _DOLLARS else Decimal(1))


class AccountSetup(_Part):
    """One customer: a key pair and what is in the account at the start."""

    name: str = "rehearsal"
    api_key: str = "rehearsal-key"
    secret: str = "rehearsal-secret"
    balances: dict[str, Annotated[Decimal, Field(ge=0)]] = {}
    """By currency; empty: 10 000 of each quote currency."""
    leverage: int = Field(default=20, ge=1, le=125)
    """Of perpetuals, until the customer sets another."""
    hedged: bool = False
    """Perpetuals: whether the account is in hedge mode, where this exchange takes no order."""


class FeeSetup(_Part):
    """What a fill costs."""

    maker: Annotated[Decimal, Field(ge=0, lt=1)] = Decimal("0.001")
    taker: Annotated[Decimal, Field(ge=0, lt=1)] = Decimal("0.001")
    asset: Literal["received", "quote"] = "received"
    """`received`: a buy pays in base, a sale in quote currency, as on Binance; `quote`: both pay in quote currency."""


class SimSetup(_Part):
    """A whole stand-in exchange. Everything random follows from `seed`."""

    markets: tuple[MarketSetup, ...] = (MarketSetup(symbol="BTC/USDT"),)
    accounts: tuple[AccountSetup, ...] = (AccountSetup(),)
    fees: FeeSetup = FeeSetup()
    candle: str = "1s"
    """How long one candle of the price source lasts here, whatever it was recorded at; there is no shorter interval."""
    history: int = Field(default=40_000, ge=0)
    """Candles before the start that can be asked for; of a file at most half of its rows."""
    seed: int = 0
    tick_seconds: float = Field(default=0.25, gt=0.0, le=60)
    """Time between two trades of the market; rounded so that a candle holds a whole number of them."""
    skew_seconds: float = 0.0
    """How far the exchange's clock, with its candles, is ahead of this machine's."""
    spread_ticks: int = Field(default=1, ge=0)
    """Distance of bid and ask from the last price, each."""
    depth: Positive | None = None
    """Quantity of one price level, and most that a resting order gets per trade of the market; None: any quantity."""
    weight_limit: int = Field(default=6000, gt=0)
    """Request weight a minute and address before 429, and 418 soon after."""
    order_limit: int = Field(default=100, gt=0)
    """New orders in ten seconds and account before 429."""
    port: int = Field(default=0, ge=0, le=65_535)
    """Port on 127.0.0.1; 0: a free one."""

    @property
    def candle_ms(self) -> int:
        """Length of a source candle in milliseconds."""
        return interval_seconds(self.candle) * 1000

    @property
    def ticks_per_candle(self) -> int:
        """At least four: open, the two extremes, close."""
        return max(4, round(self.candle_ms / (self.tick_seconds * 1000)))

    @model_validator(mode="after")
    def _is_consistent(self) -> SimSetup:
        try:
            interval_seconds(self.candle)
        except ValueError:
            raise ValueError(f"candle {self.candle!r} is no interval; give 1s, 1m, 5m, 1h or another") from None
        for what, names in (
            ("market", [market.market_id for market in self.markets]),
            ("account name", [account.name for account in self.accounts]),
            ("API key", [account.api_key for account in self.accounts]),
        ):
            if not names:
                raise ValueError(f"an exchange needs at least one {what}")
            if len(set(names)) < len(names):
                raise ValueError(f"each {what} may be there once; given: {', '.join(names)}")
        if len({market.perpetual for market in self.markets}) > 1:
            raise ValueError("an exchange has spot markets or perpetuals, not both; start a second one for the others")
        return self

    @property
    def perpetual(self) -> bool:
        """Whether perpetuals are traded here, and not spot."""
        return self.markets[0].perpetual

    def balances_of(self, account: AccountSetup) -> dict[str, Decimal]:
        """What `account` starts with."""
        return account.balances or {market.quote: Decimal(10_000) for market in self.markets}
