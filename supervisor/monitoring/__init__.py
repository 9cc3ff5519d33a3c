"""Rounds through the fleet and the host: the watchdog, the look at the host, the stacks, the switch of failover mode.

Measures, asks, and has the pure rules of `reconcile` judge. Nothing here ends a process: whoever is condemned is noted,
and the deeds follow from that.
"""
