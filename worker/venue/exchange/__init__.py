"""The port to an exchange, on ccxt: client, client order ids, verdicts, rules of instruments, rate limits, streams.

Everything here belongs to the one event loop that opened the exchange. What an exchange does not know is not here: no
position of ours, no decision, no journal, no limit of risk. ccxt is imported when an exchange is opened, never before.
"""
