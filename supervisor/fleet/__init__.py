"""The bots as the control loop knows them: each row with its wish and check, its life, and the ticket of its next one.

Memory of one thread, and what fills it from rows. Nothing here starts or ends a process, writes to the database,
or decides what a bot should do.
"""
