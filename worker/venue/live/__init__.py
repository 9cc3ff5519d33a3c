"""Orders at a real exchange: each sent once, followed until it has ended, told to the trading loop exactly once.

Pure parts fold what the exchange says and decide what to ask next; an executor asks it in the exchange's event loop;
a façade brings both to the trading thread. Nothing here knows a client library, sizes an order or keeps money.
"""
