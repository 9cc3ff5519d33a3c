"""Which indicator types a config may name."""

from __future__ import annotations

from worker.strategies.indicators.atr import ATR
from worker.strategies.indicators.bbands import BBANDS
from worker.strategies.indicators.calculator import Calculator
from worker.strategies.indicators.rsi import RSI
from worker.strategies.indicators.sma import SMA

INDICATORS: dict[str, type[Calculator]] = {cls.type_name: cls for cls in (ATR, BBANDS, RSI, SMA)}

UNAVAILABLE = ("EMA", "EOM", "ICHIMOKU", "MACD", "STOCH", "SUPERTREND", "SupportResistance")
"""Types that configs of the earlier service use and this version does not compute."""
