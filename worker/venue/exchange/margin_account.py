"""What a perpetual needs its account to be set to: one-way positions, a margin mode, a leverage."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from loguru import logger

from common.errors import ConfigurationError
from worker.venue.exchange.line import Line
from worker.venue.exchange.reading import BINANCE, number
from worker.venue.exchange_port import ExchangeRefusal, MarginTerms


def prefer_margin_mode(client: Any, terms: MarginTerms) -> None:
    """Have orders name the margin mode where the exchange wants it with each of them.

    binance keeps it with the account, and its client takes this option for spot margin.
    """
    if terms.margin_mode is not None and client.id not in BINANCE:
        client.options["defaultMarginMode"] = terms.margin_mode


class MarginAccount:
    """The account of one line."""

    def __init__(self, line: Line, terms: MarginTerms) -> None:
        """Raises ConfigurationError where positions cannot be asked for: then nothing could be compared."""
        self._line = line
        self._terms = terms
        if not self._offers("fetchPositions"):
            raise ConfigurationError(
                f"the positions at {line.name} cannot be asked for; trade perpetuals at another exchange"
            )

    async def agree(self) -> str | None:
        """Set what differs from the terms; what stands against trading on them, None: nothing.

        What the exchange offers no call for is left as the account has it. Raises the port's ExchangeError.
        """
        if await self._is_hedged():
            return (
                f"the account at {self._line.name} keeps long and short positions apart (hedge mode); switch it to "
                "one-way mode in the exchange's preferences, which it allows while no position is open"
            )
        present = await self._present()
        return await self._agree_mode(present) or await self._agree_leverage(present)

    async def position(self) -> Decimal:
        """What is held, in units of the base; negative: short. Raises the port's ExchangeError."""
        market = self._line.market
        answer = await self._line.inquire("the position", "fetch_positions", [market.symbol])
        contracts = [_signed(each) for each in answer if each.get("symbol") == market.symbol]
        return sum(contracts, Decimal(0)) * market.contract_size

    async def _is_hedged(self) -> bool:
        if not self._offers("fetchPositionMode"):
            return False
        answer = await self._line.inquire("the position mode", "fetch_position_mode", self._line.market.symbol)
        return bool(answer.get("hedged"))

    async def _present(self) -> Mapping[str, Any]:
        """Leverage and margin mode in force, as far as the exchange tells."""
        if not self._offers("fetchLeverage"):
            return {}
        try:
            answer: Mapping[str, Any] = await self._line.inquire(
                "the leverage", "fetch_leverage", self._line.market.symbol
            )
        except ExchangeRefusal as error:
            logger.debug("{}", error)
            return {}
        return answer

    async def _agree_mode(self, present: Mapping[str, Any]) -> str | None:
        wanted = self._terms.margin_mode
        if wanted is None or present.get("marginMode") == wanted or not self._offers("setMarginMode"):
            return None
        try:
            await self._line.inquire("the margin mode", "set_margin_mode", wanted, self._line.market.symbol)
        except ExchangeRefusal as error:
            if _says_no_change(error):
                return None
            return (
                f"the exchange does not set the margin mode to {wanted}: {error}. Set it there, or give another "
                "broker.margin_mode; while a position is open most exchanges do not change it"
            )
        logger.info("{}: the margin mode of {} is {} now", self._line.name, self._line.market.symbol, wanted)
        return None

    async def _agree_leverage(self, present: Mapping[str, Any]) -> str | None:
        wanted = self._terms.leverage
        if number(present.get("longLeverage")) == wanted or not self._offers("setLeverage"):
            return None
        exact = int(wanted) if wanted == int(wanted) else float(wanted)
        try:
            await self._line.inquire("the leverage", "set_leverage", exact, self._line.market.symbol)
        except ExchangeRefusal as error:
            if _says_no_change(error):
                return None
            return (
                f"the exchange does not set the leverage of {self._line.market.symbol} to {wanted:f}: {error}. "
                "Give a trading.leverage that it takes"
            )
        logger.info("{}: the leverage of {} is {:f} now", self._line.name, self._line.market.symbol, wanted)
        return None

    def _offers(self, what: str) -> bool:
        return bool(self._line.client.has.get(what))


def _signed(position: Mapping[str, Any]) -> Decimal:
    contracts = number(position.get("contracts")) or Decimal(0)
    return -abs(contracts) if position.get("side") == "short" else contracts


def _says_no_change(error: ExchangeRefusal) -> bool:
    """bybit and binance refuse to set what is set already."""
    kinds = {kind.__name__ for kind in type(error.__cause__).__mro__}
    text = str(error).lower()
    return bool(kinds & {"MarginModeAlreadySet", "NoChange"}) or "not modified" in text or "no need to change" in text
