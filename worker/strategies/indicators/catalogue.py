"""Which indicator types a config may name."""

from __future__ import annotations

from worker.strategies.indicators.atr import ATR
from worker.strategies.indicators.bbands import BBANDS
from worker.strategies.indicators.calculator import Calculator
from worker.strategies.indicators.ema import EMA
from worker.strategies.indicators.eom import EOM
from worker.strategies.indicators.ichimoku import ICHIMOKU
from worker.strategies.indicators.macd import MACD
from worker.strategies.indicators.rsi import RSI
from worker.strategies.indicators.sma import SMA
from worker.strategies.indicators.stoch import STOCH
from worker.strategies.indicators.supertrend import SUPERTREND
from worker.strategies.indicators.support_resistance import SupportResistance

INDICATORS: dict[str, type[Calculator]] = {
    cls.type_name: cls
    for cls in (ATR, BBANDS, EMA, EOM, ICHIMOKU, MACD, RSI, SMA, STOCH, SUPERTREND, SupportResistance)
}
