"""The worker's end of the link to its supervisor: the journal of what happened, and the thread that delivers it.

The journal is written by the trading thread before anything is sent; the link thread reads it, sends it, and
forgets what the supervisor has committed. No trading decision is ever made here, and no meaning is read out
of a fact.
"""
