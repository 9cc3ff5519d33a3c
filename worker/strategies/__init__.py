"""Strategies: the contract with the engine, CustomStrategy and its mixins, indicators, plugins, validation.

A strategy reads closed bars and asks the desk to enter or leave. Nothing here opens a socket, a journal or a
database, and nothing here sizes an order or checks a limit.
"""
