"""The trading loop: backtrader as the runtime of strategies, with our own hub, feed, broker, desk and book-keeping.

Everything here runs in one thread, and only the hub waits. No socket, no file, no database: what happened leaves
through one function, `commit`.
"""
