"""Arithmetic and states of trading that both processes share: money, orders, performance.

Pure: no clock, no random source, no I/O.
"""
