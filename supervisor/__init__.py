"""The supervisor: reads what should be from the database, makes it so, records what workers report.

It owns the database and the processes. It never runs a strategy, never imports the worker's code.
"""
