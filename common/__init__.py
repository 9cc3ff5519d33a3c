"""Words both processes speak: identities, the bot spec, wire messages, order and position arithmetic.

Values and pure functions, and the few words with the operating system that both must have alike: log sinks
(`logs`), file locks (`file_lock`), facts of processes (`process`, `strays`). Nothing here imports the
supervisor or the worker, opens a socket, or touches the database.
"""
