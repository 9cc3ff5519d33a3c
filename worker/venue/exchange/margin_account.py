"""What a perpetual needs its account to be set to: one-way positions, a margin mode, a leverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from loguru import logger

from common.errors import ConfigurationError
from common.spec.model import MarginMode
from worker.venue.exchange.line import Line
from worker.venue.exchange.reading import number
from worker.venue.exchange_port import ExchangeAuthenticationError, ExchangeRefusal, MarginTerms

_OF_THE_WHOLE_ACCOUNT = ("bybit",)
"""Exchanges that have one margin mode for all positions of an account."""
_NAMES_MODE_IN_ORDERS = ("okx", "bitget")
"""Exchanges whose orders name the margin mode; there the client's option decides, and without it `cross`."""


class MarginAccount:
    """The account of one line."""

    def __init__(self, line: Line) -> None:
        """Raises ConfigurationError where positions cannot be asked for: then nothing could be compared."""
        self._line = line
        if not self._offers("fetchPositions"):
            raise ConfigurationError(
                f"the positions at {line.name} cannot be asked for; trade perpetuals at another exchange"
            )

    async def agree(self, terms: MarginTerms) -> str | None:
        """Set what differs from `terms`; what stands against trading on them, None: nothing.

        Nothing is set while a position is open, for that would change what it stands on, and may be somebody else's.
        What the exchange offers no call for is left as the account has it. Raises the port's ExchangeError.
        """
        try:
            return await self._agree(terms)
        except ExchangeAuthenticationError as error:
            return f"the credentials may not read or set how perpetuals are held: {error}"
        except ExchangeRefusal as error:
            return f"the exchange does not say how perpetuals are held: {error}"

    async def position(self) -> Decimal:
        """What is held, in units of the base; negative: short. Raises the port's ExchangeError."""
        contracts = [_signed(each) for each in await self._positions()]
        return sum(contracts, Decimal(0)) * self._line.market.contract_size

    async def _agree(self, terms: MarginTerms) -> str | None:
        positions = await self._positions()
        held = [each for each in positions if _signed(each)]
        self._name_mode(_mode_of(held) if held else terms.margin_mode)
        present = await self._present()
        if await self._is_hedged() or _tells_hedge([present, *positions]):
            return (
                f"the account at {self._line.name} keeps long and short positions apart (hedge mode); switch it to "
                "one-way mode in the exchange's preferences, which it allows while no position is open"
            )
        if terms.margin_mode is None and not held:
            self._name_mode(_mode_of([present]))
        return await self._agree_mode(terms.margin_mode, present, held) or await self._agree_leverage(
            terms.leverage, present, held
        )

    def _name_mode(self, mode: str | None) -> None:
        """Have orders, those that leave a position above all, name the mode that it is held in."""
        if mode is not None and self._line.name in _NAMES_MODE_IN_ORDERS:
            self._line.client.options["defaultMarginMode"] = mode

    async def _positions(self) -> list[Mapping[str, Any]]:
        symbol = self._line.market.symbol
        answer = await self._line.inquire("the position", "fetch_positions", [symbol])
        return [each for each in answer if each.get("symbol") == symbol]

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
            answer = await self._line.inquire("the leverage", "fetch_leverage", self._line.market.symbol)
        except ExchangeRefusal as error:
            logger.debug("{}", error)
            return {}
        return answer or {}

    async def _agree_mode(
        self, wanted: MarginMode | None, present: Mapping[str, Any], held: Sequence[Mapping[str, Any]]
    ) -> str | None:
        name = self._line.name
        if wanted is None or (not held and name in _NAMES_MODE_IN_ORDERS):
            return None
        there = _mode_of([*held, present])
        if there == wanted:
            return None
        if name in _OF_THE_WHOLE_ACCOUNT:
            return (
                f"{name} has one margin mode for all positions of an account, so broker.margin_mode is not set by a "
                "bot; set it there, and leave it out here"
            )
        if held:
            return (
                f"a position is open with the margin mode {there or 'of the account'}, and broker.margin_mode is "
                f"{wanted}: it is changed when the position is closed"
            )
        return await self._set("set_margin_mode", wanted, f"the margin mode to {wanted}", "broker.margin_mode")

    async def _agree_leverage(
        self, wanted: Decimal, present: Mapping[str, Any], held: Sequence[Mapping[str, Any]]
    ) -> str | None:
        told = [number(each.get(name)) for each in [*held, present] for name in ("leverage", "longLeverage")]
        there = next((value for value in told if value is not None), None)
        if there == wanted or not self._offers("setLeverage"):
            return None
        if held:
            return (
                f"a position is open with the leverage {'of the account' if there is None else f'{there:f}'}, and "
                f"trading.leverage is {wanted:f}: it is changed when the position is closed"
            )
        exact = int(wanted) if wanted == int(wanted) else float(wanted)
        return await self._set("set_leverage", exact, f"the leverage to {wanted:f}", "trading.leverage")

    async def _set(self, method: str, value: object, what: str, setting: str) -> str | None:
        symbol = self._line.market.symbol
        try:
            await self._line.inquire(what, method, value, symbol)
        except ExchangeRefusal as error:
            if _says_no_change(error):
                return None
            return f"the exchange does not set {what} for {symbol}: {error}. Set it there, or give another {setting}"
        logger.info("{}: set {} for {}", self._line.name, what, symbol)
        return None

    def _offers(self, what: str) -> bool:
        return bool(self._line.client.has.get(what))


def _signed(position: Mapping[str, Any]) -> Decimal:
    contracts = number(position.get("contracts")) or Decimal(0)
    return -abs(contracts) if position.get("side") == "short" else contracts


def _mode_of(told: Sequence[Mapping[str, Any]]) -> str | None:
    """The margin mode by the first that tells it."""
    return next((str(each["marginMode"]) for each in told if each.get("marginMode")), None)


def _tells_hedge(told: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a position or setting says so, where the exchange has no question for it: bybit, bitget."""
    inner = [each.get("info") for each in told]
    found = [each for each in inner if isinstance(each, Mapping)]
    numbered = any(str(each.get("positionIdx") or "0") != "0" for each in found)
    return numbered or any(each.get("posMode") == "hedge_mode" for each in found)


def _says_no_change(error: ExchangeRefusal) -> bool:
    """bybit and binance refuse to set what is set already."""
    kinds = {kind.__name__ for kind in type(error.__cause__).__mro__}
    text = str(error).lower()
    return bool(kinds & {"MarginModeAlreadySet", "NoChange"}) or "not modified" in text or "no need to change" in text
