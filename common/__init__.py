"""Words both processes speak: identities, the bot spec, wire messages, order and position arithmetic.

Values and pure functions only. The single exception is `common.logs`, which sets up log sinks.
Nothing here imports the supervisor or the worker, opens a socket, or touches the database.
"""
