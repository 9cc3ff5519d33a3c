"""Indicators: one calculator per file, fed bar by bar, and the adapter that runs them inside backtrader.

A calculator is pure arithmetic in binary64: no I/O, no clock, no numpy, no TA-Lib. Its values are NaN until the
first valid bar. Trading decisions never live here.
"""
