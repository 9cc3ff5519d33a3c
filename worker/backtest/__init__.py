"""Back-tests: a bot's trading over history in one short-lived process, on the engine that paper trading runs on.

Nothing here trades, fills or decides; it feeds the engine, collects what it reports and marks it on the bars.
"""
