"""Where orders meet prices: the port every venue offers, and the simulated venue behind it.

A venue knows orders and bars. It never sizes, never checks a limit, never keeps money.
"""
