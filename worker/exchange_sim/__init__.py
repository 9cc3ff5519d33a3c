"""A stand-in exchange on loopback: what Binance's REST and websocket interfaces look like, with invented money.

Here live its prices, accounts, order book, answers and scriptable faults, and the server around them. It knows
nothing of bots, venues or journals, and no part of a bot ever imports it: they meet over HTTP, as with a real one.
"""
