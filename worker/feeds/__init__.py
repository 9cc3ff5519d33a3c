"""Where bars come from: recorded files and the simulated market, both as streams of closed bars.

A source knows nothing of real time, orders or strategies; pacing is the engine's.
"""
