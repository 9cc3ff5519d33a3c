"""The bot's ledger: cash, open orders, the open trade, the day's counters, equity and performance, in Decimal.

Every change is told as facts with absolute values. Pure: no clock, no random source, no I/O, no logging; it
never decides anything, it only keeps account of what was ordered and filled.
"""
